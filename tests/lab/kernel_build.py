"""Kernels that are built here, from Debian's source package: with what Debian's own are without."""

import os
import pathlib
import shutil
import subprocess

from lab import apt, cache, child, packages, say, unpack
from lab.failure import LabError

CONFIGS = pathlib.Path(__file__).parent
RECIPE = 1                # raised when the code below makes something else of the same source
ABOUT_FILES = 990         # that get compiled
REPORT = 20               # seconds between two lines of progress


def kernel(flavour):
    """One of packages.BUILT_KERNELS: a folder with vmlinux and modules/, as trees.kernel() makes it."""
    suite, package, config = packages.BUILT_KERNELS[flavour]
    options = (CONFIGS / config).read_text()

    def build(new):
        apt.install("tools to build a kernel with", packages.KERNEL_TOOLS)
        say.step(f"building the kernel {flavour}: this takes 10 minutes on two cores, and is done once")
        source, taken = fetch(new / "tree", suite, package)
        log = new / "build.log"
        configure(source, CONFIGS / config, log)
        check(source / ".config", options)
        make(source, ["vmlinux"], log, "building the kernel")
        shutil.move(source / "vmlinux", new / "vmlinux")
        (new / "modules").mkdir()  # all of them are built in
        shutil.move(source / "modules.builtin", new / "modules/modules.builtin")
        cache.remove(new / "tree")
        return taken

    return cache.ensure(f"kernel-{flavour}", [RECIPE, suite, package, options], build)


def fetch(tree, suite, package):
    """The unpacked source, and what package it is of."""
    say.step(f"fetching the kernel's source: {package} (Debian {suite})")
    taken = unpack.alone(tree, suite, "ppc64el", [package], 150)
    archive = tree / f"usr/src/{package}.tar.xz"
    say.step("unpacking it")
    run(["tar", "-xf", str(archive), "-C", str(tree)], tree.parent / "build.log", "unpacking the kernel's source")
    archive.unlink()
    return tree / package, taken


def configure(source, config, log):
    """All off but what config says, and what that needs."""
    make(source, [f"KCONFIG_ALLCONFIG={config}", "allnoconfig"], log, "configuring the kernel")


def check(result, options):
    """Kconfig drops an option whose own needs are not met, and says nothing."""
    chosen = set(result.read_text().splitlines())
    lost = [line for line in options.splitlines()
            if line.startswith("CONFIG_") and not line.endswith("=n") and line not in chosen]
    if lost:
        raise LabError("this kernel does not take the options " + " ".join(lost))


def make(source, arguments, log, what):
    cross = "" if packages.building_machine()[0] == "ppc64el" else "powerpc64le-linux-gnu-"
    # Nothing of this machine goes into the kernel's version line.
    command = ["make", "-C", str(source), f"-j{os.cpu_count()}", "ARCH=powerpc", f"CROSS_COMPILE={cross}",
               "KBUILD_BUILD_USER=lab", "KBUILD_BUILD_HOST=lab", *arguments]
    run(command, log, what)


def run(command, log_path, what):
    """Run command to its end, telling now and then how many files the compiler has done."""
    with open(log_path, "ab") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                   preexec_fn=child.ended_with_parent)
    try:
        while process.poll() is None:
            wait(process, log_path)
    except BaseException:
        process.terminate()  # make ends the compilers that it has started
        process.wait()
        raise
    if process.returncode != 0:
        raise LabError(f"{what} failed\n" + log_path.read_text(errors="replace")[-3000:])


def wait(process, log_path):
    try:
        process.wait(REPORT)
    except subprocess.TimeoutExpired:
        compiled = log_path.read_bytes().count(b"  CC  ")
        if compiled:
            say.step(f"  {compiled} files compiled of about {ABOUT_FILES}")
