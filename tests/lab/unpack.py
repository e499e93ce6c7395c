"""Debian packages unpacked into a folder by mmdebstrap, of any architecture, none of them run."""

import os
import pathlib
import signal
import subprocess
import time

from lab import cache, child, mirror, say
from lab.failure import LabError

TRIES = 3
DOWNLOAD = pathlib.Path(__file__).parent / "scripts" / "download.sh"


def with_dependencies(target, suite, architecture, names, about_mb):
    """Unpack names and all that they depend on into target."""
    unpack(target, suite, architecture, ["--include=" + ",".join(names)], about_mb)


def alone(target, suite, architecture, names, about_mb):
    """Unpack names without their dependencies."""
    hook = f"--extract-hook=sh '{DOWNLOAD}' \"$1\" " + " ".join(names)
    unpack(target, suite, architecture, [hook], about_mb)


def archive(path, suite, architecture, lists, hook, about_mb):
    """Write a tar archive at path: packages and all that they depend on, in a root with a merged /usr.
    The shell command hook sees that root as $1, with the packages themselves in var/cache/apt/archives."""
    merged = 'for d in bin sbin lib lib64; do mkdir -p "$1/usr/$d" && ln -s "usr/$d" "$1/$d"; done'
    options = [*("--include=" + ",".join(names) for names in lists), f"--setup-hook={merged}", f"--extract-hook={hook}"]
    unpack(path, suite, architecture, options, about_mb, kept=True)


def unpack(target, suite, architecture, options, about_mb, kept=False):
    for attempt in range(1, TRIES + 1):
        log = attempt_once(target, suite, architecture, options, about_mb, kept)
        if log is None:
            return
        if attempt < TRIES:
            say.step(f"fetching failed (try {attempt} of {TRIES}), once more in 10 s")
            time.sleep(10)
    raise LabError(f"mmdebstrap failed for {suite} {architecture}:\n{log[-3000:]}")


def attempt_once(target, suite, architecture, options, about_mb, kept):
    """One run of mmdebstrap into a folder, or an archive if kept; None if it went well, else its log."""
    cache.remove(target)
    if not kept:
        target.mkdir()
    scratch = target.parent / "scratch"
    cache.remove(scratch)
    scratch.mkdir(mode=0o755)
    log_path = target.parent / "mmdebstrap.log"
    # A tar stream, so that all files are the caller's whichever way mmdebstrap gets its rights.
    bootstrap = ["mmdebstrap", "--variant=extract", f"--architectures={architecture}",
                 "--format=tar", *options, suite, "-", *mirror.arguments()]
    untar = ["tar", "-x", "--no-same-owner", "--exclude=./dev/*", "-C", str(target)]
    if kept:
        untar = ["dd", f"of={target}", "bs=1M", "status=none"]
    with open(log_path, "wb") as log:
        source = subprocess.Popen(bootstrap, stdout=subprocess.PIPE, stderr=log,
                                  stdin=subprocess.DEVNULL, env=environment(scratch),
                                  preexec_fn=child.ended_with_parent)
        sink = subprocess.Popen(untar, stdin=source.stdout, stderr=log)
        source.stdout.close()
        try:
            report(source, scratch, about_mb)
        except BaseException:
            source.send_signal(signal.SIGINT)  # lets it clean up behind itself
            source.wait()
            raise
    failed = (source.wait(), sink.wait()) != (0, 0)
    cache.remove(scratch)
    return log_path.read_text(errors="replace") if failed else None


def environment(scratch):
    return {**os.environ, "TMPDIR": str(scratch), "LC_ALL": "C.UTF-8"}


def report(process, scratch, about_mb):
    """Say how far the unpacking is, every ten seconds."""
    while True:
        try:
            process.wait(timeout=10)
            return
        except subprocess.TimeoutExpired:
            used = subprocess.run(["du", "-sm", str(scratch)], stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL, text=True).stdout.split()
            say.step(f"  {used[0] if used else '?'} MB on disk of about {about_mb} MB")
