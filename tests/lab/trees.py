"""The unpacked trees in the cache: emulator, ppc64el root, kernels, GRUB's modules, the peer."""

import os
import re
import shutil

from lab import cache, kernel_build, packages, say, unpack

PPC = "ppc64el"
TRIM = ["usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/info", "var", "dev", "tmp"]
# The root's folders that a host mounts on.
MOUNT_POINTS = ["proc", "sys", "dev", "tmp", "run", "host", "cache", "usr/share/qemu", "root"]
RECIPE = 4  # raised when the code below makes something else of the same packages


def trim(tree):
    for name in TRIM:
        cache.remove(tree / name)


def relative_links(tree):
    """Absolute links would lead out of a tree that is not at /."""
    for folder, folders, files in os.walk(tree):
        for name in folders + files:
            link = os.path.join(folder, name)
            if os.path.islink(link) and os.readlink(link).startswith("/"):
                inside = os.path.join(tree, os.readlink(link).lstrip("/"))
                os.unlink(link)
                os.symlink(os.path.relpath(inside, folder), link)


def emulator():
    """QEMU, its firmware, qemu-user and grub-mkimage for this machine."""
    architecture = packages.building_machine()[0]

    def build(new):
        say.step(f"fetching the emulator: {', '.join(packages.EMULATOR)} "
                 f"(Debian {packages.EMULATOR_SUITE}, {architecture})")
        taken = unpack.with_dependencies(new, packages.EMULATOR_SUITE, architecture,
                                         packages.EMULATOR, 1000)
        trim(new)
        for program in (new / "usr/bin").glob("qemu-*"):
            if program.name not in packages.EMULATOR_PROGRAMS:
                program.unlink()
        relative_links(new)
        return taken

    recipe = [RECIPE, "emulator", architecture, packages.EMULATOR_SUITE, packages.EMULATOR,
              packages.EMULATOR_PROGRAMS]
    return cache.ensure("emulator", recipe, build)


def root():
    """The ppc64el root: sysroot of the cross compiler and userspace of the hosts."""
    names = packages.SYSROOT + packages.USERSPACE

    def build(new):
        say.step(f"fetching the ppc64el root: {', '.join(names)} (Debian {packages.ROOT_SUITE})")
        taken = unpack.with_dependencies(new, packages.ROOT_SUITE, PPC, names, 260)
        trim(new)
        relative_links(new)
        for name in MOUNT_POINTS:
            (new / name).mkdir(parents=True, exist_ok=True)
        (new / "bin/sh").symlink_to("busybox")
        (new / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
        return taken

    return cache.ensure("root", [RECIPE, "root", packages.ROOT_SUITE, names], build)


def probes():
    """The folder that has sys/sdt.h for the cross compiler."""
    def build(new):
        say.step(f"fetching a header: {packages.PROBES[0]} (Debian {packages.ROOT_SUITE}, {PPC})")
        tree = new / "tree"
        taken = unpack.alone(tree, packages.ROOT_SUITE, PPC, packages.PROBES, 1)
        shutil.move(next(tree.rglob("sys/sdt.h")).parent.parent, new / "include")
        cache.remove(tree)
        return taken

    return cache.ensure("probes", [RECIPE, packages.ROOT_SUITE, packages.PROBES], build) / "include"


def peer():
    """QEMU for the emulated host."""
    def build(new):
        say.step(f"fetching QEMU for the emulated host (Debian {packages.PEER_SUITE}, {PPC})")
        taken = unpack.with_dependencies(new, packages.PEER_SUITE, PPC, packages.PEER, 500)
        trim(new)
        relative_links(new)
        return taken

    return cache.ensure("peer", [RECIPE, "peer", packages.PEER_SUITE, packages.PEER], build)


def kernel(flavour):
    """One of packages.KERNELS or BUILT_KERNELS: a folder with vmlinux and modules/."""
    if flavour in packages.BUILT_KERNELS:
        return kernel_build.kernel(flavour)
    suite, series, kind = packages.KERNELS[flavour]
    pattern = rf"^linux-image-{re.escape(series)}\.[^-]+(-[0-9]+)?-{kind}$"

    def build(new):
        say.step(f"fetching the kernel {flavour}: Linux {series} for {kind} (Debian {suite}, {PPC})")
        tree = new / "tree"
        taken = unpack.alone(tree, suite, PPC, [pattern], 250)
        shutil.move(next(tree.glob("boot/vmlinux-*")), new / "vmlinux")
        modules = [*tree.glob("lib/modules/*"), *tree.glob("usr/lib/modules/*")]
        shutil.move(modules[0], new / "modules")
        cache.remove(tree)
        return taken

    return cache.ensure(f"kernel-{flavour}", [RECIPE, suite, pattern], build)


def grub():
    """GRUB's modules for Open Firmware."""
    def build(new):
        say.step(f"fetching GRUB's modules: {packages.GRUB[0]} (Debian {packages.GRUB_SUITE}, {PPC})")
        tree = new / "tree"
        taken = unpack.alone(tree, packages.GRUB_SUITE, PPC, packages.GRUB, 60)
        shutil.move(tree / "usr/lib/grub/powerpc-ieee1275", new / "powerpc-ieee1275")
        cache.remove(tree)
        return taken

    return cache.ensure("grub", [RECIPE, packages.GRUB_SUITE, packages.GRUB], build)


def installer():
    """Debian's installer for a boot over the network: a folder with its vmlinux and initrd.gz."""
    suite, package = packages.INSTALLER

    def build(new):
        say.step(f"fetching Debian's installer: {package} (Debian {suite})")
        tree = new / "tree"
        taken = unpack.alone(tree, suite, PPC, [package], 250)
        for name in ("vmlinux", "initrd.gz"):
            shutil.move(next(tree.rglob(f"text/debian-installer/ppc64el/{name}")), new / name)
        cache.remove(tree)
        return taken

    return cache.ensure("installer", [RECIPE, suite, package], build)
