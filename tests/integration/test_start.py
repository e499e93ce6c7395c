"""What a shell hands over: descriptors that are closed, files that wait, words of two lines, signals that are ignored."""

import os
import signal
import subprocess

import pytest

from lab import guest, paths, payload, toolchain

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


# What descriptors 0 and 1 are when all files are open.
CLOSED_DESCRIPTORS = """
({script} <&- >&-) & pid=$!
until readlink /proc/$pid/exe | grep -q /lparun && [ "$(ls /proc/$pid/fd | wc -l)" -gt 10 ]; do sleep 0.1; done
readlink /proc/$pid/fd/0; readlink /proc/$pid/fd/1
wait $pid
"""


@pytest.mark.one_host
def test_closed_descriptors(host, log):
    """No file that is opened becomes the console: not what it reads, not what it writes."""
    run = guest.Guest(host, DIRECT)
    run.prepare()
    result = host.run(CLOSED_DESCRIPTORS.format(script=run.script()), guest.LIMIT)
    log.add("output", result.output)
    run.collect()
    assert result.status == 0 and run.answered()
    assert result.text.split() == ["/dev/null", "/dev/null"]
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


# Each number of threads that is too small, until the guest runs.
FEW_THREADS = """
cd {scratch}
dd if=/dev/zero of=threads.img bs=1M count=1 2>/dev/null
dd if=/dev/zero of=threads.nvram bs=64K count=1 2>/dev/null
for few in $(seq 0 40); do
    FEW_THREADS=$few LD_PRELOAD={library} {command} -smp 2 -object iothread,id=io -mem-prealloc \\
        -drive file=threads.img,if=virtio,format=raw,aio=threads -drive file=threads.nvram,if=pflash,format=raw \\
        </dev/null >out 2>err
    status=$?
    [ $status = 0 ] && break
    echo "status $status, $(wc -l <err) line, $(grep -c thread err) about it: $(cat err)"
done
echo "runs with $few"
rm threads.img threads.nvram
"""


@pytest.mark.one_host
def test_threads_that_cannot_be_had(host, log):
    """One line and status 1 for each; none is missing only when the guest needs it."""
    if host.name == "local":
        pytest.skip("the library is for the emulated hosts")
    library = host.folder / "few_threads.so"
    subprocess.run([f"{toolchain.TARGET}-gcc", "-shared", "-fPIC", "-o", str(library),
                    str(paths.TOP / "tests/lab/programs/few_threads.c")], check=True)
    script = FEW_THREADS.format(scratch=host.scratch, library=f"{host.inside}/few_threads.so",
                                command=payload.command(host, "clock-be"))
    result = host.run(script, 4 * LIMIT)
    log.add("output", result.output)
    lines = result.text.splitlines()
    assert lines[-1].startswith("runs with ") and len(lines) > 10
    wrong = [line for line in lines[:-1] if not line.startswith("status 1, 1 line, 1 about it: lparun: ")]
    assert not wrong
