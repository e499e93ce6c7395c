"""XIVE: interrupts that come and end without an exit; and that none is lost, in either mode."""

import re

import pytest

from lab import checks, guest, guest_images, host_table, hosts, refusals

LIMIT = 280
READS = 500              # of each of the guest's two readers (guest-init.sh)
XIVE_HOST = "powernv9-64k"
CONTROLLERS = {"xive": "XIVE-IRQ", "xics": "XICS"}


def setup(*machine, firmware=False, job="sha"):
    return guest.Setup(memory="512M", firmware=firmware, kernel=True, append=f"console=hvc0 quiet lab.job={job}",
                       extra=("-machine", ",".join(["pseries", *machine]), "-smp", "2"))


def boot(host, log, made):
    """A guest's run to its end, its console, and its statistics."""
    run = guest.Guest(host, made)
    result = run.run(LIMIT)
    log.add("console", result.output)
    log.add("statistics", str(run.stats()))
    refusals.skip(host, result)
    assert (result.status, result.late) == (0, False)
    return run, result


def may_have_xive(host):
    return host.name == hosts.LOCAL or "xive" in host_table.kind(host.name).has


def interrupts_by(text):
    return re.findall(r"guest: cpu .*, interrupts by (\S*)", text)


def check_xive(host, text):
    """What the default, ic-mode=dual, gave the guest, each time that it started."""
    found = set(interrupts_by(text))
    if not may_have_xive(host) and found == {"XICS"}:
        pytest.skip("this host's KVM has no XIVE for such guests")
    assert found == {"XIVE-IRQ"}


def count(text, name):
    """How often the interrupt of this name came, on both CPUs together."""
    line = re.search(rf"^ *\d+: +(\d+) +(\d+) .*{name}\s*$", text, re.MULTILINE)
    assert line, f"no {name} in /proc/interrupts"
    return int(line.group(1)) + int(line.group(2))


def check_storm(run, result, mode, log):
    """Each read waits for its interrupt, so a lost one hangs the guest; and the counts tell the same."""
    text, stats = result.text, run.stats()
    assert interrupts_by(text) == [CONTROLLERS[mode]]
    assert text.count(f"{READS}+0 records in") == 2
    moves = int(re.search(r"storm is over, (\d+) moves", text).group(1))
    seen, pulses = count(text, "virtio0-req.0"), sum(line["pulses"] for line in stats["interrupts"])
    reads = stats["disks"][0]["reads"]
    log.add("counts", f"{reads} reads, {pulses} pulses, {seen} interrupts, {moves} moves")
    assert moves >= 2
    # A pulse may tell of a request of both readers, an interrupt of two pulses; none comes from nowhere.
    assert READS <= seen <= pulses <= reads and reads >= 2 * READS
    return stats["hypercalls"]


@pytest.mark.on(XIVE_HOST)
@pytest.mark.parametrize("mode", CONTROLLERS)
def test_storm(host, mode, log):
    run, result = boot(host, log, setup(f"ic-mode={mode}", job="storm"))
    calls = check_storm(run, result, mode, log)
    # Each move is a hypercall of XIVE's, or an RTAS call that KVM serves.
    assert ("H_INT_SET_SOURCE_CONFIG" in calls) == (mode == "xive")
    # Of the thousands of interrupts none was taken or ended by a call; H_EOI and its like would be unknown.
    assert "H_INT_ESB" not in calls
    assert calls.get("unknown", 0) < 20


@pytest.mark.on(XIVE_HOST)
@pytest.mark.short()
def test_hash(host, log):
    run, result = boot(host, log, setup("ic-mode=xive", "mmu=hash"))
    assert "MMU Hash" in result.text and interrupts_by(result.text) == ["XIVE-IRQ"]
    assert checks.sha(result.output, guest.disk_sha256()).ok and run.answered()


# A minute and more under emulation: only with --all or --host powernv9-64k.
@pytest.mark.on(XIVE_HOST)
@pytest.mark.short()
def test_storm_hash(host, log):
    run, result = boot(host, log, setup("ic-mode=xive", "mmu=hash", job="storm"))
    assert "MMU Hash" in result.text
    check_storm(run, result, "xive", log)


@pytest.mark.on(XIVE_HOST)
def test_chosen_in_cas(host, log):
    """The guest finds XICS, and is given XIVE because it asks for it."""
    run, result = boot(host, log, setup(firmware=True))
    assert checks.firmware(result.output).ok and checks.sha(result.output, guest.disk_sha256()).ok and run.answered()
    check_xive(host, result.text)
    calls = run.stats()["hypercalls"]
    assert calls["KVMPPC_H_CAS"] >= 1 and calls["H_INT_SET_QUEUE_CONFIG"] == 2


@pytest.mark.on(XIVE_HOST)
def test_reboot(host, log):
    """XIVE's queues are in the guest's memory, which is given back in between."""
    run = guest.Guest(host, setup(job="reboot"))
    run.prepare()
    again, result = run.run_until(b"interrupts by", 2, LIMIT)
    log.add("console", result.output)
    assert again, "the guest did not come up again"
    check_xive(host, result.text)
    assert result.status == 128 + 15


@pytest.mark.one_host
def test_none_there(host, log):
    """Where KVM has no XIVE, who asks for it is told so."""
    if may_have_xive(host):
        pytest.skip("this host may have it")
    result = host.run(f"exec {host.here}/ppc64le/lparun -nographic -bios {host.cache}/{guest_images.SLOF} "
                      "-machine ic-mode=xive", 30)
    log.add("output", result.output)
    assert result.status == 1
    assert re.fullmatch(r"lparun: -machine ic-mode=xive: .*; leave it out\n", result.text)
