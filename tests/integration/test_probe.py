"""lparun -probe: what it says of the host agrees with the host, and the doorbell rings in the kernel."""

import json
import os

import pytest

from lab import hosts

LIMIT = 60


def probe(host, log, words=""):
    result = host.run(f"exec {host.here}/ppc64le/lparun -probe {words}", LIMIT)
    log.add(f"-probe {words}", result.output)
    return result


def test_text(host, log):
    result = probe(host, log)
    assert result.status == 0
    assert "works in this kernel: the eventfd fired once, with no exit" in result.text
    assert host.run("uname -r", 20).text.strip() in result.text


def test_json(host, log):
    result = probe(host, log, "json")
    found = json.loads(result.text)
    assert result.status == 0
    assert found["ci_store"] == {"works": True, "fired": 1, "exits": 0}
    kind, guests = found["kvm"], found["guests"]
    expected = {"nested": ("HV, nested v1", "radix"), "nested10": ("HV, nested v1", "radix"),
                "powernv8": ("HV, bare metal", "hash"), "powernv9": ("HV, bare metal", "radix, hash"),
                "powernv10": ("HV, bare metal", "radix, hash"), "pr": ("PR", "hash")}
    if host.name in expected:
        assert (kind, guests) == expected[host.name]


def test_no_kvm(host, log):
    """Without /dev/kvm there is nothing to probe: one line, status 1."""
    if host.name == hosts.LOCAL and os.geteuid() != 0:
        pytest.skip("needs root to hide /dev/kvm")
    result = host.run(f"unshare -m sh -c 'mount --bind /dev/null /dev/kvm && exec {host.here}/ppc64le/lparun -probe'",
                      LIMIT)
    log.add("-probe", result.output)
    assert result.status == 1
    assert result.text.startswith("lparun: /dev/kvm: ") and result.text.count("\n") == 1
