"""The monitor: what a program that steers guests by QMP sees, and what its commands do to a real guest."""

import itertools
import json
import os
import re
import subprocess
import time

import pytest

from lab import guest, npm, paths, qmp, qmp_types
from lab.failure import LabError

pytestmark = pytest.mark.one_host
# With firmware only by --all; test_debian.py presses the button there.
WAYS = {"argvalues": [pytest.param(True, marks=pytest.mark.short()), False], "ids": ["slof", "direct"]}
LIMIT = 150
STOPPED = 15              # seconds
numbers = itertools.count(1)
UP = 90                   # seconds until a guest is in userspace
BANNER = b"Welcome to Open Firmware"
FUTEX = "221"             # POWER's number: where a thread waits that nothing lets go


class Run:
    """A guest of two processors with a monitor and a client of it."""

    def __init__(self, host, job, firmware, *options):
        self.socket = f"/tmp/qmp-{next(numbers)}"
        append = f"console=hvc0 loglevel=6 lab.job={job}"
        extra = ("-smp", "2", "-qmp", f"unix:{self.socket},server=on,wait=off", *options)
        self.host = host
        setup = guest.Setup(memory="512M", firmware=firmware, disk=False, kernel=True, append=append, extra=extra)
        self.guest = guest.Guest(host, setup)
        self.job = self.guest.start(LIMIT)
        self.client = qmp.Qmp(host, self.socket, LIMIT)

    def finish(self, log):
        """The run's result, after the end that the test has brought about."""
        if not self.job.ended.wait(40):
            self.job.kill()
        result = self.job.wait()
        log.add("console", result.output)
        log.add("monitor", "\n".join(self.client.lines()))
        left = self.host.run(f"ls {self.socket}", 20)
        assert left.status != 0, "the socket is still there"
        return result

    def wait_for(self, text, count, limit=UP):
        """True once the guest has said `text` so often."""
        end = time.monotonic() + limit
        while self.job.output().count(text) < count:
            if time.monotonic() > end or self.job.ended.wait(0.2):
                return False
        return True

    def syscall(self, thread):
        """The number of the system call that a thread of lparun waits in, or "running"."""
        return self.host.run(f"cut -d' ' -f1 /proc/{self.host.lparun()}/task/{thread}/syscall", 20).text.strip()

    def uptimes(self):
        """The guest's clock, in seconds, at each number that it has counted."""
        return [float(up) for up in re.findall(rb"guest: count \d+, up ([0-9.]+) s", self.job.output())]


@pytest.fixture
def started(host):
    runs = []

    def start(job, *options, firmware=False):
        runs.append(Run(host, job, firmware, *options))
        return runs[-1]

    yield start
    for run in runs:
        run.job.kill()
        run.client.job.kill()


def check_looks(run):
    """What lparun's own commands say of an idle guest with a disk that was read."""
    marks = run.client.execute("x-lparun-timeline")["marks"]
    assert [mark["at"] for mark in marks] == sorted(mark["at"] for mark in marks)
    names = [mark["name"] for mark in marks]
    assert {"start", "console", "process-table", "start-cpu", "disk-read", "disk-read-kernel"} == set(names)
    assert [mark["disk"] for mark in marks if "disk" in mark["name"]] == ["virtio-blk0"] * 2
    told = [json.loads(line) for line in run.client.lines() if "X_LPARUN_MARK" in line]
    assert sorted(event["data"]["name"] for event in told) == sorted(names)
    vcpus = [run.client.execute("x-lparun-vcpus")["vcpus"] for _ in range(5)]
    assert "ceded" in {vcpu["state"] for look in vcpus for vcpu in look}, "an idle guest does not sleep"
    assert all(int(vcpu["nip"], 16) for look in vcpus for vcpu in look)
    io = run.client.execute("x-lparun-io")
    assert io["disks"][0]["qdev"] == "virtio-blk0" and io["disks"][0]["outstanding"] == 0 < io["disks"][0]["done"]
    assert io["console"]["waiting"] == 0
    stats = run.client.execute("x-lparun-stats")
    assert stats["hypercalls"]["H_PUT_TERM_CHAR"] > 0 and stats["doorbells"][0]["fired"] > 0


def check_disk(run):
    """query-block and query-blockstats tell of the disk; it grows, and the guest sees it."""
    (disk,) = run.client.execute("query-block")
    assert (disk["device"], disk["qdev"], disk["inserted"]["ro"]) == ("d9", "virtio-blk0", False)
    assert disk["inserted"]["image"]["virtual-size"] == 1 << 20
    assert run.client.execute("block_resize", device="d9", size=2 << 20) == {}
    assert run.wait_for(b"[vda] new size: 4096 512-byte logical blocks", 1, 20)
    (disk,) = run.client.execute("query-block")
    assert disk["inserted"]["image"]["virtual-size"] == 2 << 20
    (stats,) = run.client.execute("query-blockstats")
    assert stats["device"] == "d9" and stats["stats"]["rd_operations"] > 0


def test_stop_and_continue(host, started, log):
    """A guest that is stopped makes no progress, and does not see that it was when it goes on."""
    assert host.run("truncate -s 1M /tmp/grows.img", 20).status == 0
    run = started("count", "-drive", "file=/tmp/grows.img,format=raw,id=d9")
    greeting = run.client.greeting()
    assert greeting["QMP"]["version"]["qemu"].keys() == {"major", "minor", "micro"}
    assert greeting["QMP"]["capabilities"] == []
    assert run.client.execute("x-lparun-watch") == {}
    up = run.job.wait_for(b"guest: count 5,", UP)
    assert run.client.execute("query-status") == {"running": True, "status": "running"}
    cpus = run.client.execute("query-cpus-fast")
    assert [cpu["cpu-index"] for cpu in cpus] == [0, 1] and cpus[0]["target"] == "ppc64"
    for cpu in cpus:
        assert run.host.run(f"grep -q vcpu /proc/{cpu['thread-id']}/comm", 20).status == 0
    check_disk(run)
    check_looks(run)
    assert run.client.execute("x-lparun-watch", enable=False) == {}
    assert run.client.execute("stop") == {}
    assert {vcpu["state"] for vcpu in run.client.execute("x-lparun-vcpus")["vcpus"]} == {"held"}
    assert run.client.execute("query-status") == {"running": False, "status": "paused"}
    time.sleep(1)
    before = len(run.uptimes())
    time.sleep(STOPPED)
    assert len(run.uptimes()) == before
    assert run.client.execute("cont") == {}
    more = run.job.wait_for(b"guest: count %d," % (before + 20), 30)
    assert run.client.execute("quit") == {}
    result = run.finish(log)
    assert up and more
    assert [name for name in run.client.events() if name != "X_LPARUN_MARK"] == ["STOP", "RESUME", "SHUTDOWN"]
    assert (result.status, result.late) == (0, False)
    uptimes = run.uptimes()
    assert uptimes[before] - uptimes[before - 1] < STOPPED / 2, "the guest saw that it was stopped"
    assert b"stall" not in result.output and b"lockup" not in result.output


def ended_by(command, started, firmware, log):
    """An idle Linux guest that the command ends: its run, the SHUTDOWN event, and its Result."""
    run = started("idle", firmware=firmware)
    run.client.greeting()
    up = run.job.wait_for(b"guest: idle", UP)
    assert run.client.execute(command) == {}
    shutdown = run.client.event("SHUTDOWN", 60)
    result = run.finish(log)
    assert up
    return run, shutdown, result


@pytest.mark.parametrize("firmware", **WAYS)
def test_power_button(started, firmware, log):
    """system_powerdown reaches the guest's kernel, which has its userspace power off."""
    run, shutdown, result = ended_by("system_powerdown", started, firmware, log)
    assert b"guest: power button" in result.output
    assert run.client.events() == ["POWERDOWN", "SHUTDOWN"]
    assert shutdown["data"] == {"guest": True, "reason": "guest-shutdown"}
    assert (result.status, result.late) == (0, False)


def test_reset(started, log):
    """system_reset starts the firmware again, in a guest that runs and in one that is stopped, which stays so."""
    run = started("idle", firmware=True)
    run.client.greeting()
    up = run.job.wait_for(b"guest: idle", UP)
    assert run.client.execute("system_reset") == {}
    reset = run.client.event("RESET")
    again = run.wait_for(b"guest: idle", 2)
    run.client.execute("stop")
    run.client.execute("system_reset")
    run.client.event("RESET")
    status = run.client.execute("query-status")
    held_in = [run.syscall(cpu["thread-id"]) for cpu in run.client.execute("query-cpus-fast")]
    banners = run.job.output().count(BANNER)
    run.client.execute("cont")
    third = run.wait_for(BANNER, 3, 30)
    run.client.execute("quit")
    result = run.finish(log)
    assert up and again and third
    assert result.output.count(BANNER) == 3 and result.output.count(b"guest: idle") == 2
    assert held_in == [FUTEX] * 2, "a vCPU is in KVM_RUN"
    assert banners == 2 and status["status"] == "prelaunch"
    assert reset["data"] == {"guest": False, "reason": "host-qmp-system-reset"}
    assert run.client.events() == ["RESET", "STOP", "RESET", "RESUME", "SHUTDOWN"]
    assert result.status == 0


@pytest.mark.complains
@pytest.mark.parametrize("firmware", **WAYS)
def test_nmi_and_panic(started, firmware, log):
    """A system reset interrupt comes where Linux wants it (FWNMI): it says so and panics, which is told."""
    run, shutdown, result = ended_by("inject-nmi", started, firmware, log)
    assert b"System Reset" in result.output
    assert b"FWNMI" not in result.output, "Linux did not find what it wants in r3"
    assert json.loads((run.guest.folder / "stats.json").read_text())["rtas"]["ibm,nmi-register"] == 1
    assert shutdown["data"] == {"guest": True, "reason": "guest-panic"}
    assert run.client.events() == ["GUEST_PANICKED", "SHUTDOWN"]
    assert result.status == 4


def marks(run):
    return {mark["name"]: mark for mark in run.client.execute("x-lparun-timeline")["marks"]}


@pytest.mark.complains
def test_no_shutdown(started, log):
    """A guest that powered off stands still until it is reset and told to go on; one that panicked, too."""
    run = started("idle", "-no-shutdown")
    run.client.greeting()
    up = run.wait_for(b"guest: idle", 1)
    run.client.execute("system_powerdown")
    shutdown = run.client.event("SHUTDOWN", 60)
    run.client.event("STOP")
    off = run.client.execute("query-status")
    first = marks(run)
    refused = run.client.execute("cont")
    run.client.execute("system_reset")
    run.client.event("RESET")
    reset = run.client.execute("query-status")
    second = marks(run)
    run.client.execute("cont")
    again = run.wait_for(b"guest: idle", 2)
    run.client.execute("inject-nmi")
    panicked = run.client.event("GUEST_PANICKED", 60)
    run.client.event("STOP")
    status = run.client.execute("query-status")
    third = marks(run)
    run.client.execute("quit")
    result = run.finish(log)
    assert up and again
    assert "power-off" in first and second.keys() == {"reset", "start"}
    assert third["panic"]["at"] > third["console"]["at"] and third["reset"] == second["reset"]
    assert shutdown["data"] == {"guest": True, "reason": "guest-shutdown"}
    assert off == {"running": False, "status": "shutdown"}
    assert refused["error"]["desc"] == "Resetting the Virtual Machine is required"
    assert reset == {"running": False, "status": "prelaunch"}
    assert panicked["data"] == {"action": "pause"}
    assert status == {"running": False, "status": "guest-panicked"}
    assert run.client.events() == ["POWERDOWN", "SHUTDOWN", "STOP", "RESET", "RESUME", "GUEST_PANICKED", "STOP",
                                   "SHUTDOWN"]
    assert result.status == 0


@pytest.mark.complains
def test_panic_ignored(started, log):
    """-action panic=none: a guest that panics goes on, here to what it does about panics itself."""
    run = started("idle panic=1", "-action", "panic=none")
    run.client.greeting()
    up = run.wait_for(b"guest: idle", 1)
    run.client.execute("inject-nmi")
    panicked = run.client.event("GUEST_PANICKED", 60)
    reset = run.client.event("RESET", 60)
    run.client.execute("quit")
    result = run.finish(log)
    assert up
    assert panicked["data"] == {"action": "run"}
    assert reset["data"] == {"guest": True, "reason": "guest-reset"}
    assert result.status == 0


def test_terminated(started, log):
    """A signal is told of, and the socket goes with the run."""
    run = started("idle")
    run.client.greeting()
    run.host.run(f"kill -TERM {run.host.lparun()}", 20)
    shutdown = run.client.event("SHUTDOWN")
    result = run.finish(log)
    assert shutdown["data"] == {"guest": False, "reason": "host-signal"}
    assert result.status == 128 + 15


# What libvirt asks of a QEMU that it has started with -S, before it lets the guest go on.
MANAGER = [
    ("query-version", {}), ("query-target", {}), ("query-commands", {}), ("query-kvm", {}),
    ("qom-list-types", {}), ("device-list-properties", {"typename": "virtio-blk-pci"}),
    ("qom-list-properties", {"typename": "pseries-10.0-machine"}), ("query-machines", {}), ("query-cpu-definitions", {}),
    ("query-command-line-options", {}), ("query-migrate-capabilities", {}),
    ("migrate-set-capabilities", {"capabilities": []}), ("query-status", {}), ("query-chardev", {}),
    ("qom-list", {"path": "/machine/peripheral"}), ("query-hotpluggable-cpus", {}), ("query-cpus-fast", {}),
    ("query-iothreads", {}), ("query-block", {}), ("query-blockstats", {}), ("query-named-block-nodes", {"flat": True}),
    ("query-name", {}), ("query-uuid", {}), ("query-pci", {}), ("query-memory-devices", {}),
    ("query-memory-size-summary", {}), ("query-memdev", {}), ("query-jobs", {}), ("query-fdsets", {}),
    ("set-action", {"reboot": "reset", "watchdog": "none"}),
]


def ask(run, schema, command, arguments):
    """What the command returned; arguments and answer are of the types that the schema says."""
    schema.check_arguments(command, arguments)
    answer = run.client.execute(command, **arguments)
    assert not (isinstance(answer, dict) and "error" in answer), f"{command}: {answer}"
    schema.check_return(command, answer)
    return answer


def test_manager(host, started, log):
    """The questions of a manager at a start have answers of the types that the schema says, and say what is there."""
    assert host.run("truncate -s 1M /tmp/manager.img", 20).status == 0
    run = started("idle", "-object", "iothread,id=io0", "-drive", "file=/tmp/manager.img,format=raw,if=none,id=d1",
                  "-device", "virtio-blk-pci,drive=d1,id=disk,iothread=io0", "-uuid",
                  "12345678-9abc-def0-1234-56789abcdef0", "-S")
    run.client.greeting()
    schema = qmp_types.Schema(run.client.execute("query-qmp-schema"))
    answers = {command: ask(run, schema, command, arguments) for command, arguments in MANAGER}
    balloon = run.client.execute("query-balloon")
    assert ask(run, schema, "cont", {}) == {}
    up = run.wait_for(b"guest: idle", 1)
    (bus,) = ask(run, schema, "query-pci", {})
    (iothread,) = ask(run, schema, "query-iothreads", {})
    comm = host.run(f"cat /proc/{host.lparun()}/task/{iothread['thread-id']}/comm", 20).text
    assert ask(run, schema, "object-add", {"qom-type": "iothread", "id": "io1"}) == {}
    assert len(ask(run, schema, "query-iothreads", {})) == 2
    assert ask(run, schema, "object-del", {"id": "io1"}) == {}
    node = {"driver": "raw", "node-name": "n", "file": {"driver": "file", "filename": "/tmp/spare.img"}}
    assert host.run("truncate -s 1M /tmp/spare.img", 20).status == 0
    assert ask(run, schema, "blockdev-add", node) == {}
    assert {"d1", "n"} < {one["node-name"] for one in ask(run, schema, "query-named-block-nodes", {})}
    assert ask(run, schema, "blockdev-del", {"node-name": "n"}) == {}
    ask(run, schema, "query-stats-schemas", {})
    (whole,) = ask(run, schema, "query-stats", {"target": "vm"})
    each = ask(run, schema, "query-stats", {"target": "vcpu", "providers": [{"provider": "kvm", "names": ["sum_exits"]}]})
    human = ask(run, schema, "human-monitor-command", {"command-line": "info status"})
    for line in ("stop", "cont", "quit"):
        ask(run, schema, line, {})
    result = run.finish(log)
    events = [message for message in map(json.loads, run.client.lines()) if "event" in message]
    for event in events:
        schema.check_event(event)
    assert up and result.status == 0
    assert answers["query-status"] == {"running": False, "status": "prelaunch"}
    assert {command["name"] for command in answers["query-commands"]} == schema.commands.keys() - {"qmp_capabilities"}
    assert balloon["error"]["class"] == "DeviceNotActive"
    assert [disk["name"] for disk in answers["qom-list"][1:]] == ["disk"]
    assert answers["query-uuid"] == {"UUID": "12345678-9abc-def0-1234-56789abcdef0"}
    assert answers["query-memory-size-summary"]["base-memory"] == 512 << 20
    assert whole["provider"] == "kvm" and whole["stats"]
    assert [one["qom-path"] for one in each] == [cpu["qom-path"] for cpu in answers["query-cpus-fast"]]
    assert each[0]["stats"][0]["value"] > 0
    assert "io0" in comm and human.startswith("VM status: running")
    # Linux has given the disk's BAR an address by now.
    assert all(region["address"] > 0 for region in bus["devices"][0]["regions"])
    assert [event["event"] for event in events] == ["RESUME", "STOP", "RESUME", "SHUTDOWN"]


def test_manager_of_npm(host, started, tmp_path, log):
    """A client that others wrote, npm's qemu-qmp, has its conversation with a guest, at a second monitor."""
    try:
        modules = npm.modules("qmp", "qemu-qmp", "split")
    except LabError as error:
        pytest.skip(f"npm's qemu-qmp cannot be had: {str(error).splitlines()[-1]}")
    place = f"/tmp/npm-{next(numbers)}"
    run = started("idle", "-qmp", f"unix:{place},server=on,wait=off")
    run.client.greeting()
    qmp.Bridge(host, place, tmp_path / "qmp", LIMIT)
    done = subprocess.run(["node", paths.TOP / "tests/lab/scripts/qmp_client.js", tmp_path / "qmp"], text=True,
                          env={**os.environ, "NODE_PATH": str(modules)}, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=120)
    log.add("node", done.stdout)
    result = run.finish(log)
    assert done.returncode == 0 and result.status == 0
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["version"]["package"].startswith("lparun")
    assert (told["status"], told["stopped"], told["cpus"]) == ("running", "paused", 2)
    assert told["memory"] == {"size": 512 << 20}
    assert told["refusal"] == "No balloon device has been activated"
    assert told["events"] == ["STOP", "RESUME", "SHUTDOWN"]
    assert run.client.events() == ["STOP", "RESUME", "SHUTDOWN"], "the other monitor hears of it, too"
