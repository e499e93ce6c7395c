"""gdb's stub: Debian's gdb-multiarch debugs SLOF from its first instruction, and a kernel with symbols."""

import itertools
import re

import pytest

from lab import cache, gdb, guest, qmp

LIMIT = 400               # seconds for a guest
numbers = itertools.count(1)


class Run:
    """A guest that does not start until it is let, with a stub."""

    def __init__(self, host, *extra, **setup):
        self.socket = f"/tmp/gdb-{next(numbers)}"
        self.host = host
        extra = ("-S", "-gdb", f"unix:{self.socket}", *extra)
        self.job = guest.Guest(host, guest.Setup(memory="512M", disk=False, extra=extra, **setup)).start(LIMIT)
        self.gdb = gdb.Gdb(host, self.socket, LIMIT)

    def finish(self, log):
        self.host.run(f"kill -TERM {self.host.lparun()}", 20)
        result = self.job.wait()
        log.add("guest", result.output)
        assert result.status == 128 + 15
        return result.text


@pytest.fixture
def start(host):
    runs = []

    def begin(*extra, **setup):
        runs.append(Run(host, *extra, **setup))
        return runs[-1]

    yield begin
    for run in runs:
        run.job.kill()


BIG = ("set architecture powerpc:common64", "set endian big")
REGISTERS = ("p/x $pc", "p/x $msr", "p/x $lpcr != 0", "p/x $vr0.uint128", "p $f1", "p/x $srr0")


@pytest.mark.one_host
def test_look_and_prelaunch(host, start, log):
    """What needs no breakpoint, which this host's emulator keeps from KVM; the monitor and gdb see the same machine."""
    monitor = f"/tmp/gdb-qmp-{next(numbers)}"
    run = start("-qmp", f"unix:{monitor},server=on,wait=off", "-smp", "2")
    client = qmp.Qmp(host, monitor, LIMIT)
    client.greeting()
    assert client.execute("query-status") == {"running": False, "status": "prelaunch"}
    text = run.gdb.run([*BIG, *REGISTERS, "x/xw 0x100", "p/x $r1 = 0x1234", "p/x $r1", "set var *(int *)0x10000000 = 0x12345678",
                        "maintenance packet Qqemu.PhyMemMode:1", "x/xw 0x10000000", "info threads", "monitor info status",
                        "hbreak *0x200", "stepi", "detach"])
    log.add("gdb", text)
    for line in ("$1 = 0x100", "$2 = 0x8000000000001000", "$3 = 0x1", "$4 = 0x0", "$5 = 0", "$7 = 0x1234", "$8 = 0x1234"):
        assert line in text, line
    assert re.search(r"0x100:\t0x48[0-9a-f]{6}", text), "SLOF begins with a branch"
    assert re.search(r"0x10000000:\t0x12345678", text)
    assert re.search(r"\* 1 .*Thread 1 \(vCPU 0 \[running\]\)", text) and "(vCPU 1 [stopped])" in text
    assert "VM status: paused" in text and "Could not insert hardware breakpoints" in text
    assert client.execute("query-status") == {"running": True, "status": "running"}
    assert [name for name in client.events() if name != "RTC_CHANGE"][0] == "RESUME"
    assert run.job.wait_for(b"Welcome to Open Firmware", 90)
    run.finish(log)


@pytest.mark.on("powernv9")
def test_slof(start, log):
    """From the first instruction on: a branch, then one after the other; a breakpoint that is reached."""
    run = start()
    text = run.gdb.run([*BIG, "break *0x100", "p/x $pc", "stepi", "p/x $pc", "stepi", "p/x $pc", "x/2i $pc", "stepi", "p/x $pc",
                        "break *$pc+8", "continue", "p/x $pc", "x/xw $pc", "delete", "x/xw $pc", "detach"])
    log.add("gdb", text)
    pcs = [int(pc, 16) for pc in re.findall(r"^\$\d+ = (0x[0-9a-f]+)$", text, re.MULTILINE)]
    assert pcs[0] == 0x100 and pcs[1] > 0x104, pcs
    assert pcs[2] == pcs[1] + 4 and pcs[3] == pcs[2] + 4 and pcs[4] == pcs[3] + 8, pcs
    assert f"Breakpoint 2, 0x{pcs[4]:016x}" in text
    assert run.job.wait_for(b"Welcome to Open Firmware", 90)
    run.finish(log)


@pytest.mark.on("powernv9")
@pytest.mark.limit(LIMIT + 60)
@pytest.mark.parametrize("mmu", ["radix", "hash"])
def test_kernel(start, log, mmu):
    """Breakpoints at functions of a kernel that is in memory, and of one that runs; steps; where it came from."""
    run = start("-smp", "2", "-machine", f"mmu={mmu}", firmware=False, kernel=True,
                append="console=hvc0 loglevel=6 lab.job=count")
    vmlinux = cache.path("kernel-6.12-4k/vmlinux")
    text = run.gdb.run(["break start_kernel", "continue", "bt 2", "stepi", "stepi", "stepi", "info symbol $pc", "delete",
                        "break ksys_write", "continue", "bt 2", "info threads", "delete", "detach"], vmlinux)
    log.add("gdb", text)
    first, _, rest = text.partition("Breakpoint 2 at")
    assert re.search(r"^Thread 1 hit Breakpoint 1, 0x\w+ in start_kernel \(\)", first, re.MULTILINE)
    assert re.search(r"^#0 .* in start_kernel \(\)\n#1 .* in start_here_common \(\)", first, re.MULTILINE)
    assert "set_task_stack_end_magic" in first, "no step came to the first function that it calls"
    assert re.search(r"^#0 .* in ksys_write \(\)\n#1 .* in system_call_exception \(\)", rest, re.MULTILINE)
    assert len(re.findall(r"Thread \d \(vCPU \d \[running\]\)", rest)) == 2
    assert run.job.wait_for(b"guest: count 3,", 60), "it does not go on without a debugger"
    run.finish(log)
