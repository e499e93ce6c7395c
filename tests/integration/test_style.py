"""The source's form, as .clang-format has it, and the spelling of its words."""

import shutil
import subprocess

import pytest

from lab import apt, paths
from lab.failure import LabError

TOOLS = ["clang-format-14", "codespell"]  # Debian 12's: other versions want other breaks
ROOMS = ["vmm", "devices", "hcalls", "firmware", "launcher", "ci", "include", "tests"]
# Words of interfaces and names that a dictionary of mistakes takes for others.
OURS = "conectix,hda,buid,BUID,ot,ser"


@pytest.fixture(scope="module")
def tools():
    if missing := [tool for tool in TOOLS if not shutil.which(tool)]:
        try:
            apt.install("what checks the style", missing)
        except LabError as error:
            pytest.skip(f"{', '.join(missing)} cannot be had: {str(error).splitlines()[-1]}")


def run(*command):
    return subprocess.run(command, cwd=paths.TOP, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def sources():
    return [str(path) for room in ROOMS for path in sorted((paths.TOP / room).rglob("*.[ch]"))]


def test_format(tools, log):
    done = run("clang-format-14", "--dry-run", "-Werror", *sources())
    log.add("clang-format", done.stdout)
    assert done.returncode == 0, done.stdout[-2000:]


def test_spelling(tools, log):
    done = run("codespell", "--quiet-level", "2", "--ignore-words-list", OURS, *ROOMS, "docs", "debian",
               "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "lab")
    log.add("codespell", done.stdout)
    assert done.returncode == 0, done.stdout[-2000:]
