"""The matrix, of which --all runs all: hosts, their kernels, guest kernels of both page sizes, MMUs, processors, ways in."""

import re

import pytest

from lab import cache, checks, guest, guest_images, hosts, matrix, packages, setup, trees

LIMIT = 300               # seconds for a guest


def why_not(row, asked):
    """Why a row cannot be run on this machine, or nothing."""
    if hosts.default() == [hosts.LOCAL] and row.host not in asked:
        return "this machine is the host; --host names an emulated one"
    if row.host == "pr" and "pr" not in asked and not cache.stamp("kernel-6.1-pr"):
        return "KVM-PR's kernel is not built: ./lab setup pr does that in 25 minutes"
    return guest_images.why_no_big_endian() if row.guest == packages.BIG_ENDIAN else ""


def marks(row, asked):
    def make():
        setup.for_guests(row.host)
        trees.kernel(row.guest)
        guest_images.initrd(row.guest)
    reason = why_not(row, asked)
    found = [pytest.mark.skip(reason) if reason else pytest.mark.needs(make=make)]
    return found if str(row) in matrix.CHOICE else [*found, pytest.mark.wide]


def pytest_generate_tests(metafunc):
    asked = metafunc.config.getoption("--host")
    rows = [row for row in matrix.rows() if not asked or row.host in asked]
    metafunc.parametrize(("host", "row"), [pytest.param(row.host, row, id=str(row), marks=marks(row, asked))
                                           for row in rows], indirect=["host"])


@pytest.fixture
def begun(request):
    """What is found of a row whose host does not start, or that is out of time."""
    matrix.note(request.node.callspec.params["row"], "failed", "it did not come to an end")


@pytest.mark.limit(LIMIT + 120)
def test_matrix(begun, host, row, log):
    run = guest.Guest(host, guest.Setup(
        memory="1G", firmware=not row.direct, kernel=True, vmlinux=f"kernel-{row.guest}/vmlinux",
        initrd=f"{guest_images.initrd_item(row.guest)}/initrd", append="console=hvc0 loglevel=7",
        extra=("-smp", str(row.cpus), "-machine", f"pseries,mmu={row.mmu}")))
    expected = None if row.guest == packages.BIG_ENDIAN else guest.disk_sha256()
    try:
        result = run.run(LIMIT)
        log.add("console", result.output)
        failed = [str(check) for check in checks.failures(checks.boot(run, result, expected))]
        up = re.search(r"guest: userspace is up, job \w+, (\d+) cpus, (\S+)", result.text)
        mmu = re.search(r"guest: cpu .*, MMU (\w+)", result.text)
        if not up or int(up.group(1)) != row.cpus:
            failed.append(f"{up.group(1) if up else 'no'} processors of {row.cpus}")
        if not mmu or mmu.group(1).lower() != row.mmu:
            failed.append(f"the MMU is {mmu.group(1) if mmu else 'not known'}")
    except Exception as error:
        matrix.note(row, "failed", f"{type(error).__name__}: {error}".splitlines()[0])
        raise
    matrix.note(row, "failed" if failed else "passed", "; ".join(part.strip() for part in failed),
                host=host.release, guest=up.group(2) if up else row.guest)
    assert not failed, "\n".join(failed)
