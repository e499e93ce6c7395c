"""The bare-metal payloads of tests/guest: what they say of themselves, and what the host counted."""

import itertools
import json
import re

import pytest

from lab import payload, refusals

LIMIT = 120               # seconds for one payload
ORDERS = ("be", "le")
REPEATS = 2000            # of ci_timing
numbers = itertools.count(1)


class Run:
    """One payload under lparun on a host."""

    def __init__(self, host, payload, log, mmu="auto", ci_hcalls="kernel", cpus=1):
        stats = f"payload-{next(numbers)}.json"
        disk = f"{host.scratch}/payload.img"
        result = host.run(
            f"[ -f {disk} ] || dd if=/dev/zero of={disk} bs=1M count=1 2>/dev/null\n"
            f"exec {host.here}/ppc64le/lparun -bios {host.here}/ppc64le/tests/guest/{payload}.bin"
            f" -m 512M -smp {cpus} -machine mmu={mmu} -ci-hcalls {ci_hcalls} -stats {host.inside}/{stats}"
            f" -drive file={disk},if=virtio,format=raw", LIMIT)
        self.name = f"{payload}, {mmu}, {ci_hcalls}"
        self.text = result.text.replace("\r", "")
        self.status = None if result.late else result.status
        log.add(self.name, result.output)
        refusals.skip(host, result)
        path = host.folder / stats
        self.stats = json.loads(path.read_text()) if path.exists() else None

    def check(self):
        """Every line of the plan is there and ok, and the payload came to its own end."""
        assert self.status == 0, f"{self.name}: status {self.status}"
        assert "Bail out!" not in self.text, self.name
        failed = re.findall(r"^not ok .*\n(?:#.*\n)*", self.text, re.MULTILINE)
        assert not failed, f"{self.name}:\n" + "".join(failed)
        plan = re.match(r"1\.\.(\d+)\n", self.text)
        assert plan, f"{self.name}: no plan"
        passed = [int(number) for number in re.findall(r"^ok (\d+) - ", self.text, re.MULTILINE)]
        assert passed == list(range(1, int(plan.group(1)) + 1)), f"{self.name}: lines are missing"
        return self

    def doorbell(self):
        """(rings, rings that needed userspace) of the disk's one queue"""
        bell, = self.stats["doorbells"]
        assert bell["name"] == "virtio-blk0 queue 0"
        return bell["fired"], bell["rung"]


@pytest.mark.parametrize("mmu", ("radix", "hash"))
def test_ci_hypercalls(host, mmu, log):
    """The guest sees the same in either byte order and whoever serves the calls; the counters do not."""
    texts = {}
    for order, ci_hcalls in itertools.product(ORDERS, ("kernel", "user")):
        run = Run(host, f"ci_hypercalls-{order}", log, mmu, ci_hcalls).check()
        texts[run.name] = run.text
        made = re.search(rf"^# {mmu}, rings (\d+), of these by the kernel's rule (\d+)$",
                         run.text, re.MULTILINE)
        assert made, f"{run.name}: no counts"
        rings, kernel_rings = map(int, made.groups())
        assert rings > kernel_rings > 0
        # KVM matches 2 bytes at the doorbell's address; other stores into it reach userspace, which rings.
        rung = rings - kernel_rings if ci_hcalls == "kernel" else rings
        assert run.doorbell() == (rings, rung), run.name
    assert len(set(texts.values())) == 1, f"not the same text: {', '.join(texts)}"


@pytest.mark.parametrize("mmu", ("radix", "hash"))
def test_ci_memop(host, mmu, log):
    texts = {Run(host, f"ci_memop-{order}", log, mmu).check().text for order in ORDERS}
    assert len(texts) == 1


@pytest.mark.parametrize("ci_hcalls", ("kernel", "user"))
def test_ci_timing(host, ci_hcalls, log):
    """Every timed store rings, by the expected way; the times themselves are for the benchmark."""
    for order in ORDERS:
        run = Run(host, f"ci_timing-{order}", log, ci_hcalls=ci_hcalls).check()
        for what in ("stores", "loads"):
            assert re.search(rf"^# ci_timing: {REPEATS} {what} [1-9]\d* timebase ticks$",
                             run.text, re.MULTILINE)
        assert run.doorbell() == (REPEATS, 0 if ci_hcalls == "kernel" else REPEATS)


@pytest.mark.not_on("nested")
def test_hash_calls(host, log):
    """All of them in the kernel, but for those that change the table's size."""
    for order in ORDERS:
        run = Run(host, f"hash_calls-{order}", log, "hash").check()
        assert set(run.stats["hypercalls"]) <= {"H_SET_MODE", "H_PUT_TERM_CHAR", "KVMPPC_H_RTAS",
                                                "H_RESIZE_HPT_PREPARE", "H_RESIZE_HPT_COMMIT"}
        assert run.stats["hypercalls"]["H_RESIZE_HPT_COMMIT"] == 3


def test_calls(host, log):
    """H_PAGE_INIT and its like, whoever serves them; of H_HOME_NODE_ASSOCIATIVITY by a guest with two nodes."""
    for order in ORDERS:
        command = payload.command(host, f"calls-{order}", "-numa node,mem=256M -numa node,cpus=0,mem=256M",
                                  memory="512M")
        result = host.run(f"exec {command}", LIMIT)
        log.add(f"calls-{order}", result.output)
        assert (result.status, result.late) == (0, False)
        assert "not ok" not in result.text and len(re.findall(r"^ok \d+ - ", result.text, re.MULTILINE)) == 4


FLAT = """
cd {scratch}
{{ dd if={program}/flat-be.bin bs=40 count=1; dd if=/dev/zero bs=16 count=1
   dd if={program}/flat-be.bin bs=8 skip=7; }} >flat.bin 2>/dev/null
exec {here}/ppc64le/lparun -bios flat.bin -kernel {program}/clock-be.elf -m 512M
"""


@pytest.mark.one_host
def test_flat_image(host, log):
    """A firmware without SLOF's marks runs as one, and finds the kernel (another payload here) where SLOF does."""
    result = host.run(FLAT.format(scratch=host.scratch, here=host.here,
                                  program=f"{host.here}/ppc64le/tests/guest"), LIMIT)
    log.add("console", result.output)
    assert (result.status, result.late) == (0, False)
    assert "# the kernel starts at 0x400100, its mark is 6d616769" in result.text


@pytest.mark.one_host
def test_time_of_day(host, log):
    """-rtc base= is what the guest starts with; what it sets the clock to outlives a reset."""
    result = host.run(f"exec {host.here}/ppc64le/lparun -bios {host.here}/ppc64le/tests/guest/clock-be.bin"
                      f" -m 256M -rtc base=2001-02-03T04:05:06", LIMIT)
    log.add("console", result.output)
    assert (result.status, result.late) == (0, False)
    assert result.text.replace("\r", "").splitlines() == [
        "clock: status 0, 2001-2-3 4", "clock: set: status 0", "clock: status 0, 2042-12-31 0"]


def test_processors(host, log):
    """Both byte orders say the same, of calls that the kernel serves and that lparun does."""
    runs = [Run(host, f"processors-{order}", log, cpus=2).check() for order in ORDERS]
    assert runs[0].text == runs[1].text
    for run in runs:
        calls = run.stats["hypercalls"]
        assert calls["H_JOIN"] >= 2 * 50 and calls["H_SIGNAL_SYS_RESET"] == 3
        # Until the first H_JOIN the kernel keeps them to itself.
        assert calls["H_PROD"] >= 50
