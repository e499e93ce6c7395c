"""What Linux and lparun agree on: the processor's level, and the MMU."""

import re

import pytest

from lab import guest, refusals

LIMIT = 240              # seconds: a hashed guest that logs all takes a minute and more under emulation


def setup(*machine, job="off", append="", extra=()):
    words = ",".join(["pseries", *machine])
    # All of the kernel's log, which must not have a warning.
    return guest.Setup(memory="512M", disk=False, kernel=True, append=f"console=hvc0 loglevel=8 lab.job={job} {append}",
                       extra=("-machine", words, *extra))


def boot(host, log, *machine, shows="", **more):
    """The guest's own words for its processor and MMU; its log must match the regular expression `shows`."""
    run = guest.Guest(host, setup(*machine, **more))
    result = run.run(LIMIT)
    log.add("console", result.output)
    refusals.skip(host, result)
    assert (result.status, result.late) == (0, False)
    found = re.search(r"guest: cpu (.*), MMU (\w+)", result.text)
    assert found, "the guest did not come up"
    assert re.search(shows, result.text)
    assert run.stats()["hypercalls"]["KVMPPC_H_CAS"] >= 1
    return found.group(1), found.group(2)


def default_mmu(host):
    return "Hash" if host.name == "powernv8" else "Radix"


# MMU_FTR_GTSE (0x1000) of Linux: it uses tlbie, or else H_RPT_INVALIDATE.
WITH_TLBIE = r"mmu_features +=.*[13579bdf]\w{3}\s"
WITHOUT_TLBIE = r"mmu_features +=.*[02468ace]\w{3}\s"


@pytest.mark.not_on("powernv8")
def test_raw(host, log):
    shows = "" if host.name == "powernv8" else WITH_TLBIE
    cpu, mmu = boot(host, log, shows=shows, extra=("-smp", "2"))
    assert "(raw)" in cpu and mmu == default_mmu(host)


@pytest.mark.short("powernv9")
def test_power9(host, log):
    """On bare metal the guest may do without tlbie, too."""
    append, shows = ("", "") if host.name == "nested" else ("radix_hcall_invalidate=on", WITHOUT_TLBIE)
    cpu, mmu = boot(host, log, "max-cpu-compat=power9", shows=shows, append=append, extra=("-smp", "2"))
    assert cpu.startswith("POWER9 (architected)") and mmu == "Radix"


@pytest.mark.short("powernv8")
def test_power8(host, log):
    """An older processor has a hashed page table, or is refused where KVM has none."""
    cpu, mmu = boot(host, log, "max-cpu-compat=power8")
    assert cpu.startswith("POWER8 (architected)") and mmu == "Hash"


@pytest.mark.not_on("nested")
@pytest.mark.not_on("powernv8")
def test_guest_chooses_hash(host, log):
    """KVM has both and starts with radix; the switch is in the middle of SLOF."""
    cpu, mmu = boot(host, log, append="disable_radix", extra=("-smp", "2"))
    assert "(raw)" in cpu and mmu == "Hash"


# Two hashed boots take minutes under emulation: only where a host is asked for (./lab test --host powernv9).
@pytest.mark.limit(560)
@pytest.mark.short()
def test_reboot_forgets(host, log):
    """A guest that chose hash and reset starts with radix again, and may choose once more."""
    run = guest.Guest(host, setup(job="reboot", append="disable_radix"))
    again, result = run.run_until(b"hash-mmu: Initializing hash mmu", 2, 2 * LIMIT)
    log.add("console", result.output)
    assert again, "the guest did not get as far a second time"
    assert result.status == 128 + 15
    assert b"MMU Hash" in result.output


@pytest.mark.short()
def test_mmu_radix_is_all_there_is(host, log):
    """Where hash is not offered, Linux takes radix whatever its command line says."""
    if host.name == "powernv8":
        pytest.skip("no radix guests there")
    cpu, mmu = boot(host, log, "mmu=radix", append="disable_radix")
    assert "(raw)" in cpu and mmu == "Radix"
