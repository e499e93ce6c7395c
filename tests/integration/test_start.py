"""What a shell hands over: descriptors that are closed, files that wait, words of two lines, signals that are ignored."""

import os
import signal
import subprocess

import pytest

from lab import guest, paths

LIMIT = 30
LPARUN = str(paths.NATIVE / "lparun")
DIRECT = guest.Setup(firmware=False, kernel=True)


def refused(*words):
    done = subprocess.run([LPARUN, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=LIMIT)
    return done.returncode, done.stderr


def test_words_of_two_lines_are_one_line():
    status, text = refused("-m", "1\n2\x1b[2J")
    assert status == 2 and text.count(b"\n") == 1 and b"1\\n2\\x1b" in text


def test_statistics_into_a_fifo_that_nobody_reads(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    status, text = refused("-stats", str(tmp_path / "fifo"))
    assert status == 2 and b"-stats" in text and text.count(b"\n") == 1


@pytest.mark.one_host
def test_closed_descriptors(host, log):
    """No file that is opened becomes the console: not what it reads, not what it writes."""
    run = guest.Guest(host, DIRECT)
    run.prepare()
    result = host.run(f"{run.script()} <&- >&-", guest.LIMIT)
    log.add("output", result.output)
    run.collect()
    assert result.status == 0 and run.answered()
    assert run.stats(), "the statistics hold something else"


@pytest.mark.one_host
def test_ignored_signal_stays_ignored(host, log):
    run = guest.Guest(host, DIRECT)
    run.prepare()
    job = host.spawn(f"trap '' HUP; {run.script()}", guest.LIMIT)
    assert job.wait_for(b"Linux version", guest.LIMIT)
    host.run(f"kill -{signal.SIGHUP.value} {host.lparun()}", 20)
    result = job.wait()
    log.add("console", result.output)
    run.collect()
    assert result.status == 0 and run.answered()
