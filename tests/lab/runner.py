"""./lab test: sets up, builds, then lets pytest run everything."""

import argparse
import json
import os
import subprocess
import sys

from lab import apt, cache, hosts, matrix, paths, say, setup, toolchain
from lab.failure import LabError, Unavailable

COUNTS = paths.LOGS / "counts.json"


def command(arguments):
    parser = argparse.ArgumentParser(prog="lab test", add_help=False)
    parser.add_argument("--host", action="append")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--quick", action="store_true")
    options, rest = parser.parse_known_args(arguments)
    names = options.host or (hosts.default()[:1] if options.quick else [])
    rest += [f"--{word}" for word in ("all", "quick") if getattr(options, word)]
    try:
        prepare(names or hosts.default())
    except LabError as error:
        say.problem(str(error))
        print(line({"failed": 1}))
        return 1
    status = run(names, rest)
    if options.all:
        matrix.write()
    return status


def prepare(names):
    """What the mirror does not have takes with it the tests that need it, which say so, and no other."""
    apt.install_build_tools()
    for name in names:
        with_what_there_is(setup.for_guests, name)
    toolchain.build_native()
    with_what_there_is(toolchain.build_ppc64le)


def with_what_there_is(make, *arguments):
    try:
        make(*arguments)
    except Unavailable as error:
        say.problem(str(error))


def heading():
    """What the run is on: the packages that the lab has fetched, a line for each item."""
    return [f"{item}: {packages.replace(chr(10), ', ')}" for item, packages in cache.contents().items()]


def run(names, rest):
    paths.LOGS.mkdir(parents=True, exist_ok=True)
    COUNTS.unlink(missing_ok=True)
    selected = [word for name in names for word in ("--host", name)]
    pytest = [sys.executable, "-B", "-m", "pytest", "-v", "-rs", "--durations=20",
              "-p", "no:cacheprovider", "--rootdir", str(paths.TOP / "tests"),
              *selected, *rest, str(paths.TOP / "tests/integration")]
    environment = {**os.environ, "PYTHONPATH": str(paths.TOP / "tests"),
                   cache.NOT_THERE: json.dumps(cache.unavailable)}
    status = subprocess.run(pytest, cwd=paths.TOP, env=environment).returncode
    try:
        counts = json.loads(COUNTS.read_text())
    except (OSError, ValueError):
        counts = {"failed": 1}  # pytest itself went wrong, and has said why
    print(line(counts), flush=True)
    return status or (1 if counts.get("failed") else 0)


def line(counts):
    return ", ".join(f"{counts.get(word, 0)} {word}" for word in ("passed", "failed", "skipped"))
