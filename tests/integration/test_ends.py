"""How a run ends, and what the exit status says of it."""

import pytest

from lab import guest

pytestmark = pytest.mark.one_host
LIMIT = 120


def setup(job, *extra, firmware=True):
    return guest.Setup(memory="512M", disk=False, firmware=firmware, kernel=True,
                       append=f"console=hvc0 quiet lab.job={job}", extra=extra)


def test_reboot_ends_with_no_reboot(host, log):
    result = guest.Guest(host, setup("reboot", "-no-reboot")).start(LIMIT).wait()
    log.add("console", result.output)
    assert (result.status, result.late) == (0, False)
    assert result.output.count(b"Welcome to Open Firmware") == 1


@pytest.mark.parametrize("firmware", (True, False), ids=("slof", "direct"))
def test_reboot_starts_again(host, firmware, log):
    """Firmware, kernel and initrd are loaded anew each time; the second guest is as good as the first."""
    run = guest.Guest(host, setup("reboot", firmware=firmware))
    again, result = run.run_until(b"guest: userspace is up", 3, LIMIT)
    log.add("console", result.output)
    assert again, "the guest did not come up a third time"
    assert result.status == 128 + 15


@pytest.mark.complains
def test_panic_has_a_status(host, log):
    result = guest.Guest(host, setup("panic")).start(LIMIT).wait()
    log.add("console", result.output)
    assert (result.status, result.late) == (4, False)
    assert "lparun: the guest panicked: " in result.text
