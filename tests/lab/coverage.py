"""./lab coverage: how much of lparun the unit tests reach on this machine, line by line, by gcov."""

import collections
import json
import os
import pathlib
import subprocess

from lab import apt, paths, say, toolchain
from lab.failure import LabError

BUILD = paths.BUILD / "coverage"
OPTIONS = ["-Dtests=true", "-Dbuildtype=debug", "-Db_coverage=true"]
FOLDERS = ("vmm", "devices", "hcalls", "firmware", "launcher")


class Source:
    """What all programs together reached of one file."""

    def __init__(self):
        self.lines = collections.Counter()      # by number: how often it ran, with those that never did
        self.functions = collections.Counter()  # by name

    def add(self, report):
        for line in report["lines"]:
            self.lines[line["line_number"]] += line["count"]
        for function in report["functions"]:
            self.functions[function["name"]] += function["execution_count"]

    def reached(self):
        return sum(1 for count in self.lines.values() if count)

    def unreached(self):
        return [name for name, count in self.functions.items() if not count]


def run_tests():
    """Whether all passed; the counters of earlier runs are dropped first."""
    for old in BUILD.rglob("*.gcda"):
        old.unlink()
    say.step("running the unit tests")
    done = subprocess.run(["meson", "test", "-C", str(BUILD), "--no-rebuild"], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        print(done.stdout[-4000:])
    return done.returncode == 0


def reports():
    """gcov's report on each source of each object, which is one JSON text a line."""
    notes = [str(note) for note in BUILD.rglob("*.gcno")]
    done = subprocess.run(["gcov", "--json-format", "--stdout", *notes], cwd=BUILD, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise LabError(f"gcov failed:\n{done.stderr[-2000:]}")
    for text in done.stdout.splitlines():
        if text.startswith("{"):
            yield from json.loads(text)["files"]


def read():
    """The sources of FOLDERS by their path from the top."""
    sources = collections.defaultdict(Source)
    for report in reports():
        path = pathlib.Path(os.path.normpath(BUILD / report["file"]))
        if path.is_relative_to(paths.TOP) and path.relative_to(paths.TOP).parts[0] in FOLDERS:
            sources[str(path.relative_to(paths.TOP))].add(report)
    return sources


def row(name, sources):
    total, reached = sum(len(source.lines) for source in sources), sum(source.reached() for source in sources)
    return f"{name:36} {reached:6} of {total:6}  {100 * reached / max(total, 1):5.1f} %"


def show(sources):
    for folder in FOLDERS:
        inside = {path: source for path, source in sorted(sources.items()) if path.startswith(f"{folder}/")}
        print(row(f"{folder}/", inside.values()))
        for path, source in inside.items():
            print(row(f"  {path}", [source]))
    print(row("all", sources.values()))
    print("\nfunctions that no unit test reaches:")
    for path, source in sorted(sources.items()):
        if source.unreached():
            print(f"  {path}: {' '.join(source.unreached())}")


def command(_):
    apt.install_build_tools()
    toolchain.build(BUILD, OPTIONS)
    passed = run_tests()
    show(read())
    return 0 if passed else 1
