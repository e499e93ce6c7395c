"""Completions for bash and zsh: what they offer is what lparun's own tables have."""

import shutil
import subprocess

import pytest

from lab import apt, paths

pytestmark = pytest.mark.quick
PROGRAM = paths.NATIVE / "lparun"

CASES = [   # what is typed, what is offered: bash offers what follows the last "=", zsh what follows the last ","
    ("lparun -mem", {"-mem-path", "-mem-prealloc"}),
    ("lparun -device virtio-blk-pci,dri", {"drive="}),
    ("lparun -device virtio-blk-pci,drive=d0,bootin", {"bootindex="}),
    ("lparun -machine pseries,ic-mode=", {"dual", "xics", "xive"}),
    ("lparun -action reboot=reset,panic=no", {"none"}),
    ("lparun -object rng-r", {"rng-random"}),
    ("lparun -bios /etc/hostn", {"/etc/hostname"}),
]

BASH = """\
source completions/lparun.bash
COMP_LINE=$1 COMP_POINT=${#1}
_lparun "$2"
printf '%s\\n' "${COMPREPLY[@]}"
"""

# The parts of zsh's completion system that the function uses, by what they would have offered.
ZSH = """\
line=$1
PREFIX=${line##* }
compset() { case $2 in '*,') PREFIX=${PREFIX##*,} ;; '*=') PREFIX=${PREFIX#*=} ;; esac }
compadd() {
    while [[ $1 != -- ]]; do shift; done
    shift
    local offer found=1
    for offer; do [[ $offer == ${PREFIX}* ]] && { print -r -- $offer; found=0 } done
    return found
}
_files() { print -rl -- ${PREFIX}*(N) }
words=($2 ${=${line#lparun}})
[[ $line == *' ' ]] && words+=('')
CURRENT=$#words
source completions/_lparun
"""


def offers(shell, script, line):
    done = subprocess.run([*shell, "-c", script, "completion", line, str(PROGRAM)], cwd=paths.TOP,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.stderr == ""
    return {offer.strip() for offer in done.stdout.splitlines() if offer.strip()}


@pytest.mark.parametrize("line, offered", CASES, ids=[line for line, _ in CASES])
def test_bash(line, offered):
    found = offers(["bash", "--norc"], BASH, line)
    assert {offer.rsplit(",", 1)[-1] for offer in found} == offered


@pytest.mark.parametrize("line, offered", CASES, ids=[line for line, _ in CASES])
def test_zsh(line, offered):
    if not shutil.which("zsh"):
        apt.install("what checks a completion", ["zsh"])
    assert offers(["zsh", "-f"], ZSH, line) == offered
