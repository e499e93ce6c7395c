"""Programs of the emulator's tree, run through its own loader so that nothing gets installed."""

import os

from lab import packages, trees


def command(program):
    """The start of a command line that runs the tree's program."""
    tree = trees.emulator()
    _, libraries, loader = packages.building_machine()
    folder = tree / "usr/lib" / libraries
    search = ":".join(str(path) for path in [folder, *folder.glob("pulseaudio")])
    return [str(folder / loader), "--library-path", search, str(tree / "usr/bin" / program)]


def system_emulator():
    return [*command("qemu-system-ppc64"), "-L", str(trees.emulator() / "usr/share/qemu")]


def environment():
    """QEMU looks for its own modules at a fixed path otherwise."""
    libraries = packages.building_machine()[1]
    modules = trees.emulator() / "usr/lib" / libraries / "qemu"
    return {**os.environ, "QEMU_MODULE_DIR": str(modules)}
