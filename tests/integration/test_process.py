"""The process: to the background, its number in a file, and the rights that are left."""

import re

import pytest

from lab import guest_images

pytestmark = pytest.mark.one_host
LIMIT = 60
# SLOF without a disk stays at its prompt.
RUN = f"{{here}}/ppc64le/lparun -nographic -bios {{cache}}/{guest_images.SLOF} -pidfile lparun.pid"


def run(host, log, script):
    names = {"here": host.here, "cache": host.cache}
    start = f"{RUN.format(**names)} -serial"
    result = host.run(f"mkdir -p /run/process && cd /run/process && rm -f * && {script.format(start=start)}", LIMIT)
    log.add("output", result.output)
    assert not result.late
    return result.text.split("\n")


def test_background(host, log):
    """The command returns when the guest is about to start; the rest is seen from outside."""
    lines = run(host, log, """{start} null -daemonize -name guest=g,process=kept -run-with user=65534:65533
        echo "status $?" && pid=$(cat lparun.pid) && cat /proc/$pid/comm && readlink /proc/$pid/cwd && readlink /proc/$pid/fd/2
        grep -E '^(Uid|Gid|Groups)' /proc/$pid/status
        kill $pid && while kill -0 $pid 2>/dev/null; do usleep 50000; done; echo gone""")
    assert lines[:4] == ["status 0", "kept", "/", "/dev/null"]
    assert "Uid:\t65534\t65534\t65534\t65534" in lines and "Gid:\t65533\t65533\t65533\t65533" in lines
    assert "gone" in lines


def test_sandbox(host, log):
    """A guest runs in it, and its console and its end are as ever."""
    lines = run(host, log, """{start} stdio -sandbox on,elevateprivileges=deny,spawn=deny,resourcecontrol=deny \\
        </dev/null >out & pid=$!; tries=0
        while ! grep -q 'Welcome to Open Firmware' out && test $tries -lt 200; do usleep 100000; tries=$((tries + 1)); done
        grep -E '^Seccomp:|^NoNewPrivs' /proc/$pid/status; kill $pid; wait $pid; echo status $?; tail -n 2 out""")
    assert "Seccomp:\t2" in lines and "NoNewPrivs:\t1" in lines
    assert "status 143" in lines


def test_pid_file(host, log):
    """No two guests have one; the second's refusal leaves the first's file, which goes with the first."""
    lines = run(host, log, """{start} null -daemonize && first=$(cat lparun.pid) && {start} null -daemonize
        echo "status $?" && test $first = $(cat lparun.pid) && echo "still there"
        kill $first && while kill -0 $first 2>/dev/null; do usleep 50000; done; ls -a""")
    assert "lparun: -pidfile lparun.pid: another process has it" in lines[0]
    assert lines[1:3] == ["status 2", "still there"]
    assert "lparun.pid" not in lines[3:]


@pytest.mark.parametrize("more, status, words", [
    ("-bios none.bin", 2, "lparun: -bios none.bin"),
    ("-run-with user=nobody-at-all", 2, "lparun: -run-with user=nobody-at-all: there is no such user"),
    ("-run-with chroot=/none", 2, "lparun: -run-with chroot=/none: No such file"),
    ("-pidfile /none/x", 2, "lparun: -pidfile /none/x: No such file"),
])
def test_what_is_wrong_is_told(host, more, status, words, log):
    """By the command itself, with its exit status, though the process was in the background already."""
    lines = run(host, log, f"{{start}} null -daemonize {more}; echo status $?; ls")
    assert lines[0].startswith(words)
    assert lines[1] == f"status {status}"
    assert "lparun.pid" not in lines


def test_lines_say_when_and_who(host, log):
    lines = run(host, log, "{start} null -msg timestamp=on,guest-name=on -name g -run-with chroot=/none")
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z g lparun: -run-with chroot=", lines[0])
