"""The kernel started without firmware: all that SLOF would have brought is there."""

import re

import pytest

from lab import checks, guest

LOUD = "console=hvc0 loglevel=7"
CPUS = 2


def check_machine(host, run, result):
    """Linux gave both devices' BARs an address and has MSI-X, and gets random bytes."""
    assert len(re.findall(rb"BAR \d \[mem 0x\w+-0x\w+(?: 64bit pref)?\]: assigned", result.output)) == 2 * 2
    assert run.stats()["rtas"]["ibm,change-msi"] > 0
    (packed,) = re.findall(rb"guest: virtio_rng\S* gives 16384 bytes, (\d+) packed", result.output)
    assert int(packed) > 16384 * 0.99, "that is not random"
    (rng,) = run.stats()["rngs"]
    assert rng["name"] == "virtio-rng0" and rng["bytes"] >= 16384
    # ISA 3.0's large decrementer, and H_RANDOM to seed itself from; the kernel of a host with a generator serves that
    # alone.
    assert host.name == "powernv8" or b"time_init: 56 bit decrementer" in result.output
    assert host.name != "nested" or run.stats()["hypercalls"]["H_RANDOM"] > 0


@pytest.mark.short("nested")
def test_direct(host, log):
    """By the MMU that KVM offers; the matrix has hashed page tables."""
    run = guest.Guest(host, guest.Setup(memory="1G", firmware=False, kernel=True, append=LOUD,
                                        extra=("-smp", str(CPUS), "-object", "rng-random,id=r0",
                                               "-device", "virtio-rng-pci,rng=r0,max-bytes=1M,period=1000")))
    result = run.run()
    log.add("console", result.output)
    log.add("statistics", str(run.stats()))
    failed = checks.failures(checks.boot(run, result, guest.disk_sha256()))
    assert not failed, "\n".join(map(str, failed))
    assert b"Open Firmware" not in result.output
    assert f"job sha, {CPUS} cpus".encode() in result.output
    check_machine(host, run, result)
