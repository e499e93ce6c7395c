"""The kernel and the initrd of Debian's installer, as its mirrors have them."""

import shutil

import pytest

from lab import guest, paths, trees

FIRST_SCREEN = b"Select a language"
SCREEN_LIMIT = 200        # seconds


@pytest.mark.one_host
@pytest.mark.needs(make=trees.installer)
def test_first_screen(host, log):
    """With firmware, as examples/ci says it."""
    shutil.copy(paths.TOP / "examples/ci/installer.boot", host.folder / "installer.boot")
    result = host.run(f"TMPDIR=/tmp {host.here}/ppc64le/lparun-ci run {host.inside}/installer.boot "
                      f"-D kernel={host.cache}/installer/vmlinux -D initrd={host.cache}/installer/initrd.gz "
                      f"--timeout {SCREEN_LIMIT}", SCREEN_LIMIT + 20)
    log.add("lparun-ci", result.output)
    assert result.status == 0


@pytest.mark.one_host
@pytest.mark.short()
@pytest.mark.needs(make=trees.installer)
def test_first_screen_direct(host, log):
    run = guest.Guest(host, guest.Setup(
        memory="1G", firmware=False, disk=False, kernel=True, vmlinux="installer/vmlinux",
        initrd="installer/initrd.gz", append="console=hvc0 loglevel=7", extra=("-smp", "2")))
    job = run.start(SCREEN_LIMIT + 20)
    seen = job.wait_for(FIRST_SCREEN, SCREEN_LIMIT)
    host.run(f"kill -TERM {host.lparun()}", 20)
    result = job.wait()
    log.add("console", result.output)
    assert seen, "the installer's first screen did not come"
    assert result.status == 128 + 15
