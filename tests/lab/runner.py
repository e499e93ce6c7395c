"""./lab test: sets up, builds, then lets pytest run everything."""

import argparse
import json
import os
import subprocess
import sys

from lab import apt, hosts, matrix, paths, say, setup, toolchain
from lab.failure import LabError

COUNTS = paths.LOGS / "counts.json"


def command(arguments):
    parser = argparse.ArgumentParser(prog="lab test", add_help=False)
    parser.add_argument("--host", action="append")
    parser.add_argument("--all", action="store_true")
    options, rest = parser.parse_known_args(arguments)
    names = options.host or []
    if options.all:
        rest.append("--all")
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
    apt.install_build_tools()
    for name in names:
        setup.for_guests(name)
    toolchain.build_all()


def run(names, rest):
    paths.LOGS.mkdir(parents=True, exist_ok=True)
    COUNTS.unlink(missing_ok=True)
    selected = [word for name in names for word in ("--host", name)]
    pytest = [sys.executable, "-B", "-m", "pytest", "-v", "-rs", "--durations=10",
              "-p", "no:cacheprovider", "--rootdir", str(paths.TOP / "tests"),
              *selected, *rest, str(paths.TOP / "tests/integration")]
    environment = {**os.environ, "PYTHONPATH": str(paths.TOP / "tests")}
    status = subprocess.run(pytest, cwd=paths.TOP, env=environment).returncode
    try:
        counts = json.loads(COUNTS.read_text())
    except (OSError, ValueError):
        counts = {"failed": 1}  # pytest itself went wrong, and has said why
    print(line(counts), flush=True)
    return status or (1 if counts.get("failed") else 0)


def line(counts):
    return ", ".join(f"{counts.get(word, 0)} {word}" for word in ("passed", "failed", "skipped"))
