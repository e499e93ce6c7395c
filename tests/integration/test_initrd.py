"""An initrd that is large beside the guest's memory: it boots, or is refused with the most that does."""

import re

import pytest

from lab import guest

USER = 2
LARGE = 900 << 20
BOOTED = b"Linux version"   # behind prom_init, which needs memory below 768 MiB for RTAS


@pytest.fixture
def large(host):
    """Makes the guest's initrd so many bytes long, with zeros, of which nothing is stored."""
    path = f"{host.scratch}/large-initrd"

    def make(size):
        host.run(f"cp {host.cache}/guest-initrd/initrd {path} && truncate -s {size} {path}", 60)
        return path

    yield make
    host.run(f"rm -f {path}", 20)


def guest_with(host, path, memory):
    return guest.Guest(host, guest.Setup(memory=memory, disk=False, kernel=True, append="console=hvc0 loglevel=7",
                                         extra=("-initrd", path)))


def check_boots(host, path, memory, log):
    seen, result = guest_with(host, path, memory).run_until(BOOTED, 1)
    log.add(f"console with {memory}", result.output)
    assert seen, "Linux did not start"


@pytest.mark.one_host
def test_large_initrd(host, large, log):
    """What the error says to fit does."""
    refused = guest_with(host, large(LARGE), "1G").start(60).wait()
    log.add("error", refused.output)
    assert refused.status == USER
    most = re.fullmatch(r"lparun: -initrd \S+: no room for its \d+ bytes: at most (\d+) fit; .*", refused.text.strip())
    assert most, "not one line that says how many fit"
    check_boots(host, large(int(most[1])), "1G", log)


@pytest.mark.one_host
def test_initrd_beside_low_memory(host, large, log):
    check_boots(host, large(LARGE), "2G", log)
