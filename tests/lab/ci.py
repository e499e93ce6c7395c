"""./lab ci: lparun-ci boots a matrix of guests on an emulated host, and each verdict is as it must be."""

import argparse
import json
import shlex
import shutil

from lab import guest_images, host_table, hosts, paths, say, setup, toolchain, trees
from lab.failure import LabError
from lab.shell import write_out

KERNELS = ("6.12-4k", "6.12-64k")
LIMIT = 1500
REPORT = paths.TOP / "build-lab/ci-report"
# What else than a pass must come: verdict, and words of the reason.
EXPECTED = {
    "must-fail": ("fail", "it ended before 'login:'"),
    "known": ("known failure", "this guest has no login"),
    "panics": ("panicked", "sysrq triggered crash"),
    "reboots": ("rebooted", "the guest rebooted before the power-off"),
    "stalls": ("timed out", "45 s were over in stage firmware; waited for 'GNU GRUB';", "outstanding (virtio-blk0"),
    "tests": ("fail", "1 of 5 tests failed: arithmetic/divide"),
    "command-panics": ("panicked", "sysrq triggered crash"),
    "command-fails": ("fail", "the command's exit status is 7"),
    "command-without-modules": ("no result", "CONFIG_VIRTIO_BLK"),
    "no-kernel": ("wrong", "/none/vmlinux"),
}


def names(host):
    """What stands for ${NAME} in the boot file."""
    mmus = [word for word in ("radix", "hash") if word in host_table.kind(host.name).has]
    excluded = ["start=direct,kernel=6.12-64k"] + (["mmu=hash,cpus=4"] if len(mmus) > 1 else [])
    return {"lparun": f"{host.here}/ppc64le/lparun", "cache": str(host.cache),
            "slof": f"{host.cache}/{guest_images.SLOF}", "mmus": ";".join(mmus), "excluded": ";".join(excluded)}


def prepare(host_name):
    setup.for_guests(host_name)
    for kernel in KERNELS:
        trees.kernel(kernel)
        guest_images.initrd(kernel)
    guest_images.disk()
    toolchain.build_ppc64le()


def run(host, options=(), stream=None):
    """lparun-ci on the host: its result, and the folder of its report."""
    shutil.copy(paths.TOP / "tests/ci/lab.boot", host.folder / "lab.boot")
    defines = [f"-D{name}={value}" for name, value in names(host).items()]
    words = [f"{host.here}/ppc64le/lparun-ci", "run", f"{host.inside}/lab.boot", *defines, "--report",
             f"{host.inside}/ci-report", *options]
    return host.run("TMPDIR=/tmp exec " + shlex.join(words), LIMIT, stream), host.folder / "ci-report"


def problems(results):
    """What is not as it must be, a line each."""
    for boot in results["boots"]:
        verdict, *words = EXPECTED.get(boot["name"], ("pass",))
        if boot["verdict"] != verdict or not all(word in boot["reason"] for word in words):
            yield f"{boot['name']}: {boot['verdict']}: {boot['reason']}; must be: {verdict}: {' ... '.join(words)}"


def command(arguments):
    parser = argparse.ArgumentParser(prog="lab ci")
    parser.add_argument("--host", default="powernv9")
    options, rest = parser.parse_known_args(arguments)
    prepare(options.host)
    with hosts.make(options.host) as host:
        say.step("lparun-ci boots the guests of tests/ci/lab.boot; some minutes\n")
        result, report = run(host, rest, write_out)
        if not (report / "results.json").exists():
            raise LabError(f"lparun-ci ended with status {result.status}")
        shutil.rmtree(REPORT, ignore_errors=True)
        shutil.copytree(report, REPORT)
    found = list(problems(json.loads((REPORT / "results.json").read_text())))
    for problem in found:
        print(problem)
    print(f"report: {REPORT.relative_to(paths.TOP)}/report.html")
    print("ci: FAILED" if found else "ci: each verdict is as it must be")
    return 1 if found else 0
