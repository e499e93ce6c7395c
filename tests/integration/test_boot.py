"""The same guest by each way in, on each engine, with the hypercalls in the kernel and not."""

import pytest

from lab import checks, guest

def boot(host, setup, log):
    run = guest.Guest(host, setup)
    result = run.run()
    log.add("console", result.output)
    log.add("statistics", str(run.stats()))
    return run, result


def check_boot(host, setup, log):
    run, result = boot(host, setup, log)
    failed = checks.failures(checks.boot(run, result, guest.disk_sha256()))
    assert not failed, "\n".join(map(str, failed))
    check_statistics(run)


# Few boots that cover much: each takes half a minute on an emulated host.
@pytest.mark.quick
@pytest.mark.short("nested", "powernv9")
def test_disk_io_uring(host, log):
    check_boot(host, guest.Setup(aio="io_uring"), log)


@pytest.mark.short("nested")
def test_disk_native_user(host, log):
    check_boot(host, guest.Setup(aio="native", ci_hcalls="user"), log)


@pytest.mark.short("nested")
def test_kernel_threads_smp(host, log):
    check_boot(host, guest.Setup(kernel=True, aio="threads", cache_mode="writeback", extra=("-smp", "2")), log)


def check_statistics(run):
    """With the hypercalls in the kernel, only what no doorbell claims reaches userspace."""
    stats = run.stats()
    assert stats["exits"]["PAPR_HCALL"] > 0
    ci = checks.ci_exits(stats)
    fired, rung = checks.rings(stats)
    if run.setup.ci_hcalls == "user":
        assert ci["H_LOGICAL_CI_STORE"] >= rung > 0
        assert ci["H_LOGICAL_CI_LOAD"] > 0
    else:
        assert rung == 0 and fired > 0


@pytest.mark.one_host
def test_readonly_disk(host, log):
    """The guest can read, cannot write, and the image stays as it was."""
    run, result = boot(host, guest.Setup(kernel=True, readonly=True), log)
    assert result.status == 0
    check = checks.sha(result.output, guest.disk_sha256())
    assert check.ok, str(check)
    assert b"guest: write failed" in result.output
    assert not run.answered()
