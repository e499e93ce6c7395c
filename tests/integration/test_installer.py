"""The kernel and the initrd of Debian's installer, as its mirrors have them."""

import pytest

from lab import guest, trees

FIRST_SCREEN = b"Select a language"
SCREEN_LIMIT = 200        # seconds


@pytest.mark.one_host
@pytest.mark.needs(make=trees.installer)
@pytest.mark.parametrize("firmware", [True, pytest.param(False, marks=pytest.mark.short())], ids=["slof", "direct"])
def test_first_screen(host, firmware, log):
    run = guest.Guest(host, guest.Setup(
        memory="1G", firmware=firmware, disk=False, kernel=True, vmlinux="installer/vmlinux",
        initrd="installer/initrd.gz", append="console=hvc0 loglevel=7", extra=("-smp", "2")))
    job = run.start(SCREEN_LIMIT + 20)
    seen = job.wait_for(FIRST_SCREEN, SCREEN_LIMIT)
    host.run(f"kill -TERM {host.lparun()}", 20)
    result = job.wait()
    log.add("console", result.output)
    assert seen, "the installer's first screen did not come"
    assert result.status == 128 + 15
