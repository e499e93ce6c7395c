"""lparun-ci on what a false lparun plays."""

import json
import os
import subprocess

from lab import paths

CI = paths.NATIVE / "lparun-ci"
FALSE = paths.TOP / "tests/ci/false_lparun.py"
LIMIT = 90


def environment(tmp_path):
    return {**os.environ, "TMPDIR": str(tmp_path), "GITHUB_ACTIONS": ""}


def left_behind(tmp_path):
    """What of lparun-ci's own is still in its folder for temporary files."""
    return [path.name for path in tmp_path.iterdir() if path.name.startswith("lparun-ci-")]


def run(tmp_path, *words, command="run"):
    """Its exit status, its results or None, what it said."""
    done = subprocess.run([CI, command, *map(str, words)], cwd=tmp_path, env=environment(tmp_path),
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=LIMIT)
    assert not left_behind(tmp_path), "its folder is still there"
    results = tmp_path / "report/results.json"
    return done.returncode, json.loads(results.read_text()) if results.exists() else None, done.stdout.decode()


def play(tmp_path, text, *words):
    """The same of one boot: exit status, its last outcome, what was said."""
    (tmp_path / "play").write_text(text)
    status, results, said = run(tmp_path, "--lparun", FALSE, "--report", "report", *words, "--", "-x-play",
                                tmp_path / "play")
    (boot,) = results["boots"]
    return status, boot["outcomes"][-1], said


def suite(tmp_path, text, plays, *words):
    """The same of a boot file, whose `what` names plays: exit status, boots by name, what was said."""
    (tmp_path / "suite.boot").write_text(f"[defaults]\nlparun = {FALSE}\narguments = -x-play ${{here}}/${{what}}\n"
                                         f"timeout = 20\n{text}")
    for name, orders in plays.items():
        (tmp_path / name).write_text(orders)
    status, results, said = run(tmp_path, "suite.boot", "--report", "report", *words)
    return status, {boot["name"]: boot for boot in results["boots"]} if results else None, said
