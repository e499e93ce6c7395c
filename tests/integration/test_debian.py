"""Debian as it is installed: from SLOF and GRUB to the login prompt on four processors, and off by the power button."""

import functools

import pytest

from lab import checks, debian, guest, qmp

LOGIN_LIMIT = 400         # seconds
OFF_LIMIT = 120
LIMIT = LOGIN_LIMIT + OFF_LIMIT + 60


def needs(version):
    return pytest.mark.needs(make=functools.partial(debian.disk, version))


def check_login_and_power_button(host, version, log):
    socket = f"/tmp/debian-{version}.qmp"
    run = guest.Guest(host, guest.Setup(memory="1G", debian=version, extra=(
        "-smp", "4", "-qmp", f"unix:{socket},server=on,wait=off")))
    run.prepare()
    job = run.start(LOGIN_LIMIT + OFF_LIMIT)
    client = qmp.Qmp(host, socket, LOGIN_LIMIT + OFF_LIMIT)
    try:
        client.greeting()
        login = job.wait_for(f"debian-{version} login:".encode(), LOGIN_LIMIT)
        client.execute("system_powerdown")
        shutdown = client.event("SHUTDOWN", OFF_LIMIT)
    finally:
        if not job.ended.wait(10):
            job.kill()
        result = job.wait()
        log.add("console", result.output)
        run.collect()
        log.add("statistics", str(run.stats()))
    assert login, "no login prompt came"
    failed = checks.failures([checks.status(result), checks.firmware(result.output), checks.grub(result.output),
                              checks.kernel(result.output)])
    assert not failed, "\n".join(map(str, failed))
    assert b"smp: Brought up 1 node, 4 CPUs" in result.output
    assert shutdown and shutdown["data"] == {"guest": True, "reason": "guest-shutdown"}


# With --host or --all: minutes for one distribution more than test_debian_13 boots.
@needs("12")
@pytest.mark.limit(LIMIT)
@pytest.mark.one_host
@pytest.mark.short()
def test_debian_12(host, log):
    if host.name == "powernv9":
        pytest.skip("its systemd aborts on this emulated host, whose pages are smaller than the guest's, under QEMU too")
    check_login_and_power_button(host, "12", log)


@needs("12")
@pytest.mark.limit(LIMIT)
@pytest.mark.wide
@pytest.mark.on("powernv9-64k")
def test_debian_12_on_bare_metal(host, log):
    check_login_and_power_button(host, "12", log)


@needs("13")
@pytest.mark.limit(LIMIT)
@pytest.mark.not_on("powernv8")
@pytest.mark.short("powernv9")
def test_debian_13(host, log):
    check_login_and_power_button(host, "13", log)
