"""The lab keeps its own promises: time limits, live input, a host that dies."""

import shutil
import time

import pytest

from lab import checks, host_table, hosts, local_host, matrix
from lab.failure import HostDied

pytestmark = pytest.mark.one_host


def test_limit_kills_all_of_a_job(host):
    result = host.run("setsid sleep 54321 & sleep 54321", limit=2)
    assert result.late and result.seconds < 15
    if host.name != hosts.LOCAL:  # cgroups, which this machine's own user may not have
        assert host.run("grep -l 'sleep.5432[1]' /proc/[0-9]*/cmdline").output == b""


def test_status_and_output(host):
    result = host.run("echo out; echo err >&2; exit 7")
    assert (result.status, result.output, result.late) == (7, b"out\nerr\n", False)


def test_input_comes_in_pieces(host):
    job = host.spawn("while read -r line; do echo \"got $line\"; done", limit=20, fed=True)
    job.feed(b"one\n")
    assert job.wait_for(b"got one\n", 10)
    job.feed(b"two\n")
    assert job.wait_for(b"got two\n", 10)
    job.end_input()
    assert job.wait().status == 0


def test_this_machine_as_host(tmp_path):
    """Where it is POWER. It ends its own lparun and nobody else's."""
    program = shutil.copy(shutil.which("sleep"), tmp_path / "lparun")
    with local_host.LocalHost() as host:
        assert host.run("echo out; exit 7").output == b"out\n"
        assert host.lparun() == ""
        job = host.spawn(f"exec {program} 60")
        while not (found := host.lparun()) and not job.ended.wait(0.01):
            time.sleep(0.01)
        assert found == str(job.process.pid)
        host.run(f"kill -TERM {found}")
        assert job.wait().status == 128 + 15 and job.ended.is_set()


def test_host_that_dies_is_replaced(host, keeper):
    if host.name == hosts.LOCAL:
        pytest.skip("this machine is the host")
    job = host.spawn("sleep 60", limit=70)
    host.process.kill()
    with pytest.raises(HostDied):
        job.wait()
    assert keeper.get(host.name).run("echo alive").output == b"alive\n"


def test_complaints_are_found():
    log = ("[    0.1] WARNING: CPU: 0 PID: 1 at kernel/foo.c:1 bar\r\n[    0.2] Linux version 6.12\r\n"
           "[    0.3] rcu: INFO: rcu_sched self-detected stall on CPU\r\n"
           "[    0.4] Ignoring cmdline option disable_radix\r\n")
    assert [line[:20] for line in checks.complaints(log)] == ["[    0.1] WARNING: C", "[    0.3] rcu: INFO:"]


def test_matrix_has_each_pair():
    """Every host meets every guest kernel; both ways in and both numbers of processors meet each kernel."""
    rows = matrix.rows()
    assert {(row.host, row.guest) for row in rows} >= {(host, guest) for host in host_table.HOSTS
                                                       for guest in matrix.GUESTS}
    for guest in matrix.GUESTS:
        assert {(row.cpus, row.direct) for row in rows if row.guest == guest} == set(matrix.SHAPES)
    assert set(matrix.CHOICE) <= {str(row) for row in rows}
