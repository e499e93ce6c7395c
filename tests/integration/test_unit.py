"""The unit tests that meson knows: native with sanitizers, and cross-built under qemu-user."""

import json
import os
import subprocess

import pytest

from lab import cache, paths, toolchain

SKIPPED = 77              # exit status of a test that could not run
OPTIONS = {
    "ASAN_OPTIONS": "abort_on_error=0:detect_stack_use_after_return=1",
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
}


def listed(folder):
    """(name, command, environment, seconds) of each test of a build."""
    if not (folder / "build.ninja").exists():
        return [pytest.param(None, marks=pytest.mark.skip(reason=f"{folder.name} was not built: {cache.reasons()}"))]
    done = subprocess.run(["meson", "introspect", "--tests", str(folder)], stdout=subprocess.PIPE, text=True, check=True)
    tests = json.loads(done.stdout)
    assert tests, f"no tests in {folder}"
    return [pytest.param(test, id=test["name"].replace(" ", "-")) for test in tests]


def run(test, prefix, log, slower=1):
    command = [*prefix, *test["cmd"]]
    environment = {**os.environ, **OPTIONS, **test["env"]}
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, cwd=test["workdir"] or paths.TOP,
                              env=environment, timeout=test["timeout"] * slower)
    except subprocess.TimeoutExpired as late:
        log.add("output", late.output or b"")
        pytest.fail(f"not done after {late.timeout} s", pytrace=False)
    log.add("output", done.stdout)
    if done.returncode == SKIPPED:
        lines = done.stdout.decode(errors="replace").strip().splitlines()
        pytest.skip(lines[-1] if lines else "it said that it cannot run here")
    assert done.returncode == 0, f"exit status {done.returncode}"


@pytest.mark.quick
@pytest.mark.parametrize("test", listed(paths.NATIVE))
def test_native(test, log):
    # gcc 12's sanitizer cannot live with the address space randomisation of newer kernels.
    run(test, ["setarch", "--addr-no-randomize"], log)


@pytest.mark.parametrize("test", listed(paths.PPC64LE))
def test_ppc64le(test, log):
    run(test, toolchain.runner(), log, slower=4)
