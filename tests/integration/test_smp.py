"""Several processors: Linux takes them off line and on again while they work, and stops them all when it crashes."""

import re

import pytest

from lab import guest

CPUS = 4
ROUNDS = 5                # as in guest-init.sh
LIMIT = 200


def boot(host, log, smp, job):
    setup = guest.Setup(memory="512M", disk=False, firmware=False, kernel=True,
                        append=f"console=hvc0 loglevel=5 lab.job={job}", extra=("-smp", smp))
    run = guest.Guest(host, setup)
    result = run.run(LIMIT)
    log.add("console", result.output)
    return run, result


# Programs that never sleep make an emulated nested host stall, under QEMU as under lparun.
@pytest.mark.not_on("nested")
@pytest.mark.short("powernv9")
@pytest.mark.complains
def test_hotplug(host, log):
    run, result = boot(host, log, str(CPUS), "hotplug")
    worked, _, crashed = result.text.partition("guest: hotplug done")
    assert crashed, "the guest did not come to the end"
    wrong = re.findall(r".*(?:WARNING|BUG|Oops|rcu: INFO|stall|lockup|does not go).*", worked)
    assert not wrong, "\n".join(wrong)
    assert worked.count(f", 1 and {CPUS} cpus") == ROUNDS
    assert "threads of the first core: 0\r" in worked
    assert (result.status, result.late) == (4, False)
    stats = run.stats()
    log.add("statistics", str(stats))
    # At boot and in each round; each of them stopped itself first. The crash stops the others by an NMI.
    assert stats["rtas"]["start-cpu"] == (ROUNDS + 1) * (CPUS - 1)
    assert stats["rtas"]["stop-self"] == ROUNDS * (CPUS - 1)
    assert stats["hypercalls"]["H_SIGNAL_SYS_RESET"] == 1


# With XIVE: without it Linux wakes a thread of the same core by msgsndp, on which KVM gets the address of another
# instruction from QEMU's emulation of a POWER9.
@pytest.mark.on("powernv9-64k")
def test_threads(host, log):
    _, result = boot(host, log, "4,threads=2", "off")
    assert (result.status, result.late) == (0, False)
    assert "job off, 4 cpus" in result.text
    assert "threads of the first core: 0-1\r" in result.text


@pytest.mark.on("powernv8")
def test_no_threads(host, log):
    """The emulated POWER8's cores have one."""
    _, result = boot(host, log, "4,threads=2", "off")
    assert result.status == 1
    assert result.text.startswith("lparun: -smp threads=2: this host's KVM has no such cores (")
