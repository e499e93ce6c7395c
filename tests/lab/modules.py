"""Kernel modules for an initramfs, in an order in which insmod can load them."""

import lzma
import re

from lab.failure import LabError


def load(path):
    data = path.read_bytes()
    return lzma.decompress(data) if path.suffix == ".xz" else data


def depends(module):
    """Names of the modules that module (an uncompressed .ko) says it needs."""
    found = re.search(rb"\0depends=([^\0]*)\0", module)
    return [name for name in found.group(1).decode().split(",") if name] if found else []


def collect(folder, names):
    """[(name, bytes)] of names and what they need, each after its own needs; a name may be built in."""
    builtin = {line.strip().rsplit("/", 1)[-1].removesuffix(".ko").replace("_", "-")
               for line in open(folder / "modules.builtin")}
    files = {path.name.split(".ko")[0].replace("_", "-"): path for path in folder.rglob("*.ko*")}
    done = {}

    def add(name):
        key = name.replace("_", "-")
        if key in done or key in builtin:
            return
        if key not in files:
            raise LabError(f"this kernel has no module {name}")
        data = load(files[key])
        for need in depends(data):
            add(need)
        done[key] = data

    for name in names:
        add(name)
    return list(done.items())
