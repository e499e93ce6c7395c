"""Debian packages unpacked into a folder by mmdebstrap, of any architecture, none of them run."""

import os
import pathlib
import shlex
import signal
import subprocess
import time
import urllib.parse

from lab import cache, child, release, say
from lab.failure import LabError

TRIES = 3                 # where the mirror's answer does not come; one that comes is final
SCRIPTS = pathlib.Path(__file__).parent / "scripts"
LISTED = ".packages"      # in the root: what was unpacked


def with_dependencies(target, suite, architecture, names, about_mb):
    """Unpack names and all that they depend on into target. Returns what was taken of names."""
    unpack(target, suite, architecture, ["--include=" + ",".join(names)], about_mb)
    return taken(target, names)


def alone(target, suite, architecture, names, about_mb):
    """Unpack names without their dependencies; where several fit a pattern (^...$), the newest. Returns what was taken."""
    words = " ".join(shlex.quote(name) for name in names)
    unpack(target, suite, architecture, [f"--extract-hook=sh '{SCRIPTS / 'download.sh'}' \"$1\" {words}"], about_mb)
    return taken(target)


def archive(path, suite, architecture, lists, hook, about_mb):
    """Write a tar archive at path: packages and all that they depend on, in a root with a merged /usr.
    The shell command hook sees that root as $1, with the packages themselves in var/cache/apt/archives."""
    merged = 'for d in bin sbin lib lib64; do mkdir -p "$1/usr/$d" && ln -s "usr/$d" "$1/$d"; done'
    options = [*("--include=" + ",".join(names) for names in lists), f"--setup-hook={merged}", f"--extract-hook={hook}"]
    unpack(path, suite, architecture, options, about_mb, kept=True)


def taken(target, names=()):
    """Name and version of the packages in target, one a line: those of names, or all."""
    listed = sorted(urllib.parse.unquote(line) for line in (target / LISTED).read_text().splitlines())
    (target / LISTED).unlink()
    packages = [line.removesuffix(".deb").split("_") for line in listed]
    return "\n".join(f"{package[0]} {package[1]}" for package in packages if not names or package[0] in names)


def unpack(target, suite, architecture, options, about_mb, kept=False):
    """Take packages in the first of the ways that lead to all of them, and say which that was if not the first."""
    lacking = {}
    for way in release.ways(suite, lacking):
        log = attempt(target, suite, architecture, options, about_mb, kept, way)
        if log is None:
            if way.told(suite):
                say.step(way.told(suite))
            return
        lacking.update(release.refusals(log))
    raise release.unavailable(architecture, suite, lacking)


def attempt(*arguments):
    """None if it went well, or the log of one that the mirror has answered; other failures may pass."""
    for number in range(1, TRIES + 1):
        log = attempt_once(*arguments)
        if log is None or release.refusals(log):
            return log
        if number < TRIES:
            say.step(f"fetching failed (try {number} of {TRIES}), once more in 10 s")
            time.sleep(10)
    raise LabError(f"mmdebstrap failed:\n{log[-3000:]}")


def attempt_once(target, suite, architecture, options, about_mb, kept, way):
    """One run of mmdebstrap into a folder, or an archive if kept; None if it went well, else its log."""
    cache.remove(target)
    if not kept:
        target.mkdir()
    scratch = target.parent / "scratch"
    cache.remove(scratch)
    scratch.mkdir(mode=0o755)
    log_path = target.parent / "mmdebstrap.log"
    # A tar stream, so that all files are the caller's whichever way mmdebstrap gets its rights.
    bootstrap = ["mmdebstrap", "--variant=extract", f"--architectures={architecture}", "--format=tar",
                 *preferences(way, scratch), *options, f"--extract-hook=sh '{SCRIPTS / 'list-packages.sh'}' \"$1\"",
                 suite, "-", *way.sources()]
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


def preferences(way, scratch):
    """mmdebstrap's options that keep apt to this way."""
    options = ["--aptopt=Acquire::Check-Valid-Until \"false\""] if way.expired() else []
    if way.pins():
        file = scratch / "pins"
        file.write_text(way.pins())
        options.append(f"--setup-hook=cp '{file}' \"$1/etc/apt/preferences.d/lacking\"")
    return options


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
