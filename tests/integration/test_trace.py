"""Proof from the host's side: its kernel's tracepoints while SLOF reads the disk, beside lparun's own counts."""

import pytest

from lab import checks, guest, trace

BOOT_LIMIT = 150


def boot_to_grub(host, log):
    """Trace a boot until GRUB is there; (hypercalls, userspace exits, lparun's statistics)."""
    run = guest.Guest(host, guest.Setup())
    run.prepare()
    trace.start(host)
    job = run.start(BOOT_LIMIT)
    reached = job.wait_for(b"GNU GRUB", BOOT_LIMIT - 20)
    host.run(f"kill -TERM {host.lparun()}", 20)
    log.add("console", job.wait().output)
    trace.stop(host, f"{run.inside}/trace")
    run.collect()
    assert reached, "GRUB did not come"
    calls, reasons = trace.parse((run.folder / "trace").read_text(errors="replace"))
    log.add("userspace exits", str(reasons))
    return calls, reasons, run.stats()


def test_notifies_stay_in_the_kernel(host, log):
    if not trace.available(host):
        pytest.skip("this host's KVM has no kvm_hv tracepoints")
    calls, reasons, stats = boot_to_grub(host, log)
    notifies = [call for call in calls if call.name == "H_LOGICAL_CI_STORE" and call.register == trace.DOORBELL]
    fired, rung = checks.rings(stats)
    assert len(notifies) == fired > 20 and rung == 0
    assert {(call.resumed, call.code) for call in notifies} == {("RESUME_GUEST", "H_SUCCESS")}
    # What the kernel sent to userspace is what lparun says that it got.
    for name, count in checks.ci_exits(stats).items():
        assert count == sum(call.name == name and call.resumed == "RESUME_HOST" for call in calls), name
    assert reasons["KVM_EXIT_PAPR_HCALL"] == stats["exits"]["PAPR_HCALL"]
