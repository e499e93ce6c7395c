"""Resets: hundreds of them leave nothing behind, and the guest's watchdog makes them, too."""

import itertools
import re
import time

import pytest

from lab import guest, guest_images, packages, qmp, refusals, trees

LIMIT = 300
EARLY, LATE = 50, 400     # resets
SLOF_EARLY, SLOF_LATE = 10, 100
SLOF_LIMIT = 900
SLACK_KB = 176            # what may grow between the two: half a KiB a reset is found
HOST_SLACK_KB = 64 << 10
numbers = itertools.count(1)


class Run:
    """Firmware, a bare-metal payload if it has no other, with a monitor, and a client of it."""

    def __init__(self, host, payload, *options, limit=LIMIT):
        self.host = host
        self.socket = f"/tmp/qmp-reset-{next(numbers)}"
        bios = f"{host.here}/ppc64le/tests/guest/{payload}.bin" if payload else f"{host.cache}/{guest_images.SLOF}"
        self.job = host.spawn(
            f"exec {host.here}/ppc64le/lparun -bios {bios} -m 256M"
            f" -qmp unix:{self.socket},server=on,wait=off {' '.join(options)}", limit, fed=True)
        self.client = qmp.Qmp(host, self.socket, limit)

    def is_up(self):
        """Waits until there is a monitor, or the run has ended."""
        while not self.client.lines() and not self.job.ended.wait(0.1):
            pass
        return bool(self.client.lines())

    def resets(self):
        return sum(b'"RESET"' in line for line in self.client.job.output().splitlines())

    def reach(self, count, limit=LIMIT):
        """Waits for so many resets; how many there were."""
        end = time.monotonic() + limit
        while self.resets() < count and time.monotonic() < end and not self.job.ended.is_set():
            time.sleep(0.2)
        return self.resets()

    def sample(self, log, name):
        """What the process holds while its guest stands still: numbers by name, in KiB or pieces."""
        self.client.execute("stop")
        result = self.host.run(
            f'cd /proc/{self.host.lparun()}\n'
            'grep -E "^(VmData|RssAnon|Threads)" status\n'
            'echo "fds: $(ls fd | wc -l)"; echo "maps: $(cat maps | wc -l)"\n'
            'grep -E "^(MemFree|Slab)" /proc/meminfo', 20)
        self.client.execute("cont")
        log.add(name, result.output)
        return {name: int(number) for name, number in re.findall(r"^(\w+):\s+(\d+)", result.text, re.MULTILINE)}


def assert_no_growth(early, late):
    for name in ("fds", "maps", "Threads"):
        assert late[name] == early[name], name
    for name in ("VmData", "RssAnon"):
        assert late[name] <= early[name] + SLACK_KB, name
    assert late["Slab"] <= early["Slab"] + HOST_SLACK_KB
    assert late["MemFree"] >= early["MemFree"] - HOST_SLACK_KB


@pytest.fixture
def started(host):
    runs = []

    def start(*arguments, **more):
        runs.append(Run(host, *arguments, **more))
        return runs[-1]

    yield start
    for run in runs:
        run.job.kill()
        run.client.job.kill()


@pytest.mark.one_host
@pytest.mark.parametrize("mmu", ("auto", "hash"))
def test_many_resets(started, mmu, log):
    """Memory, descriptors, mappings and threads are the same after 50 resets and after 400."""
    run = started("reboot-be", "-machine", f"mmu={mmu}")
    if not run.is_up():
        refusals.skip(run.host, run.job.wait())
    run.client.greeting()

    reached = run.reach(EARLY)
    early = run.sample(log, "early")
    if reached >= EARLY:
        reached = run.reach(LATE)
    late = run.sample(log, "late")
    run.client.execute("quit")
    result = run.job.wait()
    log.add("console", result.output)
    assert reached >= LATE, f"{reached} resets"
    assert result.status == 0
    assert_no_growth(early, late)


@pytest.mark.wide
@pytest.mark.one_host
@pytest.mark.limit(2 * LIMIT)
def test_many_resets_by_the_monitor(started, log):
    run = started("watchdog-be")  # it waits for a key, which never comes
    run.client.greeting()
    samples = []
    for count in range(1, LATE + 1):
        run.client.execute("system_reset")
        end = time.monotonic() + 20
        while run.resets() < count:
            assert time.monotonic() < end, f"{run.resets()} resets of {count}"
            time.sleep(0.01)
        if count in (EARLY, LATE):
            samples.append(run.sample(log, f"after {count}"))
    run.client.execute("quit")
    assert run.job.wait().status == 0
    assert_no_growth(*samples)


@pytest.mark.wide
@pytest.mark.one_host
@pytest.mark.limit(SLOF_LIMIT + LIMIT)
def test_resets_from_slof(host, started, log):
    """SLOF starts a disk's iothread, finds nothing to boot, and is told to reset then, again and again."""
    disk = f"{host.scratch}/empty.img"
    host.run(f"truncate -s 16M {disk}", 20)
    run = started(None, "-drive", f"file={disk},format=raw", limit=SLOF_LIMIT + LIMIT)
    run.client.greeting()
    assert run.job.wait_for(b"0 > ", 60)
    run.job.feed(b"setenv boot-command reset-all\rreset-all\r")
    samples = []
    for count in (SLOF_EARLY, SLOF_LATE):
        assert run.reach(count, SLOF_LIMIT) >= count
        samples.append(run.sample(log, f"after {count}"))
    run.client.execute("quit")
    assert run.job.wait().status == 0
    assert_no_growth(*samples)


@pytest.mark.one_host
def test_reset_that_fails(host, started, log):
    """The firmware's file was cut short while the guest ran."""
    path = f"{host.scratch}/reboot.bin"
    host.run(f"cp {host.here}/ppc64le/tests/guest/reboot-be.bin {path}", 20)
    run = started("reboot-be", "-bios", path)
    run.client.greeting()
    host.run(f"truncate -s 64 {path}", 20)
    shutdown = run.client.event("SHUTDOWN")
    result = run.job.wait()
    log.add("output", result.output)
    assert shutdown["data"] == {"guest": False, "reason": "host-error"}
    assert result.status == 2
    assert f"lparun: -bios {path}: " in result.text


@pytest.mark.one_host
def test_watchdog(started, log):
    """A watchdog resets the machine, then interrupts it, then switches it off, as its guest asked for."""
    run = started("watchdog-be")
    run.client.greeting()
    run.job.feed(b"x")
    result = run.job.wait()
    log.add("console", result.output)
    log.add("monitor", "\n".join(run.client.lines()))
    assert (result.status, result.late) == (0, False)
    assert re.findall(r"^watchdog: (.*?)\r?$", result.text, re.MULTILINE) == [
        "action 2, 4 timers, at least 500 ms", "action 3, 4 timers, at least 500 ms", "system reset",
        "action 1, 4 timers, at least 500 ms"]
    messages = [line for line in run.client.lines() if '"event"' in line]
    told = [re.search(r'"event":"(\w+)"(?:.*"(?:action|reason)":"([\w-]+)")?', line).groups() for line in messages]
    assert told == [("WATCHDOG", "reset"), ("RESET", "guest-reset"), ("WATCHDOG", "inject-nmi"),
                    ("WATCHDOG", "poweroff"), ("SHUTDOWN", "guest-shutdown")]


def big_endian():
    trees.kernel(packages.BIG_ENDIAN)
    guest_images.initrd(packages.BIG_ENDIAN)


@pytest.mark.wide
@pytest.mark.one_host
@pytest.mark.skipif(guest_images.why_no_big_endian() != "", reason=guest_images.why_no_big_endian())
@pytest.mark.needs(make=big_endian)
def test_linux_watchdog(host, log):
    """Linux's own driver, which Debian's kernels are without: kept alive and then neglected, it resets the machine."""
    flavour = packages.BIG_ENDIAN
    run = guest.Guest(host, guest.Setup(
        memory="512M", firmware=False, disk=False, kernel=True, vmlinux=f"kernel-{flavour}/vmlinux",
        initrd=f"{guest_images.initrd_item(flavour)}/initrd", append="console=hvc0 loglevel=7 lab.job=watchdog",
        extra=("-no-reboot",)))
    result = run.run()
    log.add("console", result.output)
    assert (result.status, result.late) == (0, False)
    said = re.findall(r"^guest: (.*?)\r?$", result.text, re.MULTILINE)
    assert said[2:] == ["the watchdog waits 2 s", "neglects the watchdog"]
    # Its size, the start, the timeout, and twelve times that it is kept alive.
    assert run.stats()["hypercalls"]["H_WATCHDOG"] >= 14


@pytest.mark.one_host
def test_watchdog_overruled(started, log):
    """-action watchdog=: what the user wants comes before what the guest asked for."""
    run = started("watchdog-be", "-action", "watchdog=pause")
    run.client.greeting()
    run.job.feed(b"x")
    told = run.client.event("WATCHDOG", 60)
    run.client.event("STOP")
    status = run.client.execute("query-status")
    run.client.execute("quit")
    result = run.job.wait()
    log.add("console", result.output)
    assert told["data"] == {"action": "pause"}
    assert status == {"running": False, "status": "watchdog"}
    assert result.status == 0
