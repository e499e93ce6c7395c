"""The initramfs of an emulated host, one per kernel."""

import pathlib

from lab import cache, cpio, modules, say, trees

SCRIPTS = pathlib.Path(__file__).parent / "scripts"
MODULES = ["virtio_pci", "virtio_console", "9p", "9pnet_virtio", "overlay", "virtio_blk", "ext4", "crc32c_generic",
           "tun", "virtio_net"]


def initramfs(kind):
    """Path of the initramfs for a host of this kind."""
    kernel = trees.kernel(kind.kernel)
    root = trees.root()
    wanted = [*MODULES, kind.module]
    scripts = {name: (SCRIPTS / name).read_bytes()
               for name in ("host-init.sh", "agent.sh", "console.sh")}

    def build(new):
        say.step(f"making the host's initramfs for kernel {kind.kernel}")
        archive = cpio.Archive()
        for folder in ("bin", "dev", "modules"):
            archive.folder(folder)
        archive.device("dev/console", 5, 1)
        archive.file("bin/busybox", (root / "bin/busybox").read_bytes(), 0o755)
        archive.file("init", scripts["host-init.sh"], 0o755)
        archive.file("agent.sh", scripts["agent.sh"])
        archive.file("console.sh", scripts["console.sh"])
        found = modules.collect(kernel / "modules", wanted)
        for name, data in found:
            archive.file(f"modules/{name}.ko", data)
        archive.file("modules/order", "\n".join(name for name, _ in found).encode())
        (new / "initramfs").write_bytes(archive.finish())

    recipe = [2, wanted, {name: text.decode() for name, text in scripts.items()},
              cache.stamp(kernel.name), cache.stamp(root.name)]
    return cache.ensure(f"host-{kind.kernel}", recipe, build) / "initramfs"
