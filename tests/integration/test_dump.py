"""Cores of a guest: what a debugger finds in one, and what becomes of the guest that it was taken from."""

import functools
import gzip
import hashlib
import itertools
import re
import shutil
import subprocess
import time

import pytest

from lab import apt, guest, guest_images, packages, qmp

pytestmark = pytest.mark.one_host
LIMIT = 150
MEMORY = 512
numbers = itertools.count(1)


def setup(job, *extra):
    return guest.Setup(memory=f"{MEMORY}M", disk=False, firmware=False, kernel=True,
                       append=f"console=hvc0 loglevel=6 lab.job={job}", extra=("-smp", "2", *extra))


def fetch(host, path, to):
    """A host's file, which has holes, by a way that has none."""
    packed = to.with_suffix(".gz")
    inside = f"{host.inside}/{packed.name}"
    done = host.run(f"gzip -1 < {path} > {inside} && rm {path}", LIMIT)
    assert done.status == 0, done.text
    with gzip.open(host.folder / packed.name) as source, open(to, "wb") as target:
        shutil.copyfileobj(source, target)
    (host.folder / packed.name).unlink()


def debug(core, *commands):
    """What gdb says to each command."""
    apt.install("gdb for POWER", packages.DEBUGGER)
    words = [word for command in commands for word in ("-ex", "echo [[[[\\n", "-ex", command, "-ex", "echo ]]]]\\n")]
    done = subprocess.run(["gdb-multiarch", "-nx", "-batch", str(guest_images.kernel()), "-c", str(core), *words],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=120, check=False)
    said = re.findall(r"\[{4}\n(.*?)\]{4}\n", done.stdout, re.DOTALL)
    assert len(said) == len(commands), done.stdout
    return said


@pytest.mark.complains
def test_panic(host, log, tmp_path):
    """The core of a panic: each vCPU with its registers, memory where the kernel has it, and few of its zeros on disk."""
    path = f"{host.scratch}/panic.core"
    result = guest.Guest(host, setup("panic", "-action", f"panic=shutdown,dump={path}")).start(LIMIT).wait()
    log.add("console", result.output)
    assert (result.status, result.late) == (4, False)
    assert "lparun: the guest panicked: " in result.text
    size, blocks, mode = host.run(f"stat -c '%s %b %a' {path}", 20).text.split()
    assert MEMORY << 20 < int(size) < (MEMORY << 20) + (1 << 20) and mode == "600"
    assert int(blocks) * 512 < MEMORY << 19, "a guest that has just started uses less than half of its memory"
    core = tmp_path / "core"
    fetch(host, path, core)
    banner, command_line, threads, registers, traces = debug(
        core, "x/s &linux_banner", "x/s *(char **)&saved_command_line", "info threads",
        "thread apply all info registers pc r1 msr vscr vs0", "thread apply all bt 12")
    log.add("gdb", "\n".join((banner, command_line, threads, registers, traces)))
    assert '"Linux version 6.12.' in banner
    assert "console=hvc0 loglevel=6 lab.job=panic" in command_line
    assert "rtas_os_term" in traces, "the one that panicked"
    assert len(re.findall(r"LWP \d", threads)) == 2
    assert len(re.findall(r"r1 +0xc0000000\w{8}", registers)) == 2
    assert len(re.findall(r"pc +0xc0000000\w{8}", registers)) == 1, "the other one is in RTAS"
    assert "vs0" in registers and "vscr" in registers


class Monitored:
    """A guest that counts, and a client of its monitor."""

    def __init__(self, host, *options):
        self.host = host
        path = f"/tmp/dump-qmp-{next(numbers)}"
        self.job = guest.Guest(host, setup("count", "-qmp", f"unix:{path},server=on,wait=off", *options)).start(LIMIT)
        self.client = qmp.Qmp(host, path, LIMIT)
        self.client.greeting()

    def count(self):
        return len(re.findall(rb"guest: count \d+", self.job.output()))

    def goes_on(self):
        return self.job.wait_for(b"guest: count %d," % (self.count() + 10), 30)


@pytest.fixture
def monitored(host):
    runs = []

    def start(*options):
        runs.append(Monitored(host, *options))
        return runs[-1]

    yield start
    for run in runs:
        run.job.kill()
        run.client.job.kill()


def test_by_monitor(host, monitored, log, tmp_path):
    """Cores of a guest that runs: it stands while one is written, and goes on afterwards as if nothing had been."""
    run = monitored()
    assert run.job.wait_for(b"guest: count 5,", 90)
    path = f"{host.scratch}/run.core"
    assert run.client.execute("query-dump")["status"] == "none"
    assert run.client.execute("dump-guest-memory", paging=True, protocol=f"file:{path}") == {}
    assert run.client.execute("query-dump") == {"status": "completed", "total": MEMORY << 20, "completed": MEMORY << 20}
    assert run.goes_on()
    assert run.client.events() == ["STOP", "DUMP_COMPLETED", "RESUME"]
    core = tmp_path / "core"
    fetch(host, path, core)
    banner, threads = debug(core, "x/s &linux_banner", "info threads")
    assert '"Linux version 6.12.' in banner and len(re.findall(r"LWP \d", threads)) == 2
    check_virtual(run, int(banner.split()[0], 16))
    check_detached(run, f"{host.scratch}/none")
    check_bytes(run, core)
    run.client.execute("quit")
    result = run.job.wait()
    log.add("console", result.output)
    log.add("monitor", "\n".join(run.client.lines()))
    assert (result.status, result.late) == (0, False)


def check_detached(run, path):
    """One that goes to a reader that takes its time: the monitor answers meanwhile, and what may not be is refused."""
    assert run.host.run(f"mkfifo {path}", 20).status == 0
    reader = run.host.spawn(f"echo opens; exec 3< {path}; sleep 5; cat <&3 > /dev/null", 60)
    assert reader.wait_for(b"opens", 20)
    time.sleep(0.5)
    core = {"paging": False, "protocol": f"file:{path}"}
    assert run.client.execute("dump-guest-memory", detach=True, **core) == {}
    assert run.client.execute("query-status") == {"running": False, "status": "save-vm"}
    refused = {"class": "GenericError", "desc": "There is a dump in process, please wait."}
    for name, arguments in (("cont", {}), ("stop", {}), ("dump-guest-memory", core)):
        assert run.client.execute(name, **arguments) in ({"error": refused}, refused)
    assert run.client.execute("query-dump")["status"] == "active"
    assert run.client.event("DUMP_COMPLETED", 60)["data"]["result"]["status"] == "completed"
    assert run.client.execute("query-status")["status"] == "running" and run.goes_on()


def check_virtual(run, banner):
    """Memory at the kernel's own addresses, to a file and for a person."""
    path = f"{run.host.scratch}/banner"
    assert run.client.execute("memsave", val=banner - (1 << 64), size=18, filename=path) == {}
    assert run.host.run(f"cat {path}; rm {path}", 20).text == "Linux version 6.12"
    human = functools.partial(run.client.execute, "human-monitor-command")
    assert re.match(rf'{banner:016x}: "Linux version 6\.12\.', human(**{"command-line": f"x /s {banner:#x}"}))
    assert human(**{"command-line": f"x /6cb {banner:#x}"}) == f"{banner:016x}: 'L' 'i' 'n' 'u' 'x' ' '\r\n"
    physical = banner & (1 << 60) - 1
    assert human(**{"command-line": f"xp /6cb {physical:#x}"}) == f"{physical:016x}: 'L' 'i' 'n' 'u' 'x' ' '\r\n"
    answer = run.client.execute("memsave", val=1, size=8, filename=path)
    assert "Invalid addr 0x0000000000000001/size 8 specified" in str(answer)


def check_bytes(run, core):
    """pmemsave has what the core has: the kernel's text does not change."""
    path = f"{run.host.scratch}/text"
    size = 1 << 20
    assert run.client.execute("pmemsave", val=0x10000, size=size, filename=path) == {}
    sums = run.host.run(f"sha256sum < {path}; rm {path}", 20).text.split()
    (offset,) = re.findall(r"LOAD +(0x\w+)", subprocess.run(["readelf", "-lW", core], capture_output=True, text=True,
                                                            check=True).stdout)
    with open(core, "rb") as file:
        file.seek(int(offset, 16) + 0x10000)
        assert hashlib.sha256(file.read(size)).hexdigest() == sums[0]


def test_full(host, monitored, log):
    """A disk that is full: the client is told, no part of a file stays, and the guest goes on."""
    run = monitored()
    folder = f"{host.scratch}/small"
    made = host.run(f"mkdir -p {folder} && mount -t tmpfs -o size=4m none {folder}", 20)
    assert made.status == 0, made.text
    assert run.job.wait_for(b"guest: count 5,", 90)
    answer = run.client.execute("dump-guest-memory", paging=False, protocol=f"file:{folder}/core")
    assert "dump: failed to save memory: No space left on device" in str(answer)
    assert run.client.execute("query-dump")["status"] == "failed"
    left = host.run(f"ls {folder}; umount {folder}", 20)
    assert (left.status, left.text) == (0, ""), left.text
    assert run.goes_on()
    assert run.client.events() == ["STOP", "DUMP_COMPLETED", "RESUME"]
    log.add("monitor", "\n".join(run.client.lines()))
