"""What test guests boot from: an initrd, and a disk with PReP, boot and data partitions."""

import hashlib
import json
import os
import pathlib
import shutil

from lab import cache, cpio, disk_image, modules, packages, say, toolchain, trees
from lab.disk_image import MIB, Partition

SCRIPTS = pathlib.Path(__file__).parent / "scripts"
KERNEL = "6.12-4k"
SLOF = "emulator/usr/share/qemu/slof.bin"    # in the cache
MODULES = ["virtio_pci", "virtio_blk", "virtio-rng"]
LABEL = "lparun-boot"

# The disk, in MiB.
BOOT_AT, BOOT_SIZE = disk_image.BEHIND_PREP, 71
DATA_AT, DATA_SIZE = 80, 64
NONCE_AT, ANSWER_AT = 144, 145
DISK_SIZE = 148

# Notices, such as the kernel's first line, but not the hundreds of lines of information.
COMMAND_LINE = "console=hvc0 loglevel=6"
# It is what shows GRUB's banner.
MENU = f"""\
set timeout=1
set default=0
menuentry "Linux on lparun" {{
    echo "GRUB loads Linux"
    linux /boot/vmlinux {COMMAND_LINE}
    initrd /boot/initrd
}}
"""


def kernel():
    return trees.kernel(KERNEL) / "vmlinux"


def initrd_item(flavour=KERNEL):
    """The cache's name for the guest's initrd with the modules of a kernel."""
    return "guest-initrd" + ("" if flavour == KERNEL else f"-{flavour}")


def initrd(flavour=KERNEL):
    """Path of the guest's initrd."""
    if flavour == packages.BIG_ENDIAN:
        return big_endian_initrd(flavour)
    tree = trees.kernel(flavour)
    root = trees.root()
    init = (SCRIPTS / "guest-init.sh").read_bytes()
    layout = (f"DATA_AT={DATA_AT}\nDATA_SIZE={DATA_SIZE}\n"
              f"NONCE_AT={NONCE_AT}\nANSWER_AT={ANSWER_AT}\n")

    def build(new):
        archive = cpio.Archive()
        for folder in ("bin", "dev", "modules"):
            archive.folder(folder)
        archive.device("dev/console", 5, 1)
        archive.file("bin/busybox", (root / "bin/busybox").read_bytes(), 0o755)
        archive.file("init", init, 0o755)
        archive.file("layout", layout.encode())
        found = modules.collect(tree / "modules", MODULES)
        for name, data in found:
            archive.file(f"modules/{name}.ko", data)
        archive.file("modules/order", "\n".join(name for name, _ in found).encode())
        (new / "initrd").write_bytes(archive.finish())

    recipe = [1, MODULES, init.decode(), layout, cache.stamp(tree.name), cache.stamp(root.name)]
    return cache.ensure(initrd_item(flavour), recipe, build) / "initrd"


def why_no_big_endian():
    """Why there are no big-endian guests, or nothing."""
    if cache.stamp(f"kernel-{packages.BIG_ENDIAN}"):
        return ""
    return "the big-endian kernel is not built: ./lab setup big-endian does that in 20 minutes"


def big_endian_initrd(flavour):
    """With a program of ours alone."""
    program = pathlib.Path(__file__).parent / "programs/be_init.c"
    options = ["-mbig", "-mabi=elfv2", "-mno-altivec", "-mno-vsx", "-nostdlib", "-no-pie", "-ffreestanding",
               "-fno-stack-protector", "-fno-tree-loop-distribute-patterns",
               f"-DNONCE_AT={NONCE_AT}", f"-DANSWER_AT={ANSWER_AT}"]

    def build(new):
        archive = cpio.Archive()
        for folder in ("dev", "proc"):
            archive.folder(folder)
        archive.device("dev/console", 5, 1)
        archive.file("init", toolchain.build_tool(program, new / "init", *options).read_bytes(), 0o755)
        (new / "initrd").write_bytes(archive.finish())

    return cache.ensure(initrd_item(flavour), [options, program.read_text()], build) / "initrd"


def disk():
    """Path of the guest disk; disk.json beside it has the data area's SHA-256."""
    boot_initrd = initrd()
    grub = trees.grub()

    def build(new):
        say.step(f"making the guest disk ({DISK_SIZE} MiB)")
        core = new / "core.elf"
        disk_image.make_grub(grub, LABEL, core)
        boot = new / "boot.img"
        make_boot(boot, new / "files", boot_initrd)
        data = os.urandom(DATA_SIZE * MIB)
        partitions = [Partition(BOOT_AT, BOOT_SIZE, boot), Partition(DATA_AT, DISK_SIZE - DATA_AT, data)]
        disk_image.write(new / "disk.img", core, partitions, DISK_SIZE)
        (new / "disk.json").write_text(json.dumps({"sha256": hashlib.sha256(data).hexdigest()}))
        for name in ("core.elf", "boot.img", "files"):
            cache.remove(new / name)

    recipe = [2, disk_image.GRUB_MODULES, disk_image.early(LABEL), MENU,
              [disk_image.PREP_AT, BOOT_AT, DATA_AT, NONCE_AT, ANSWER_AT, DISK_SIZE],
              cache.stamp("guest-initrd"), cache.stamp(grub.name)]
    return cache.ensure("guest-disk", recipe, build) / "disk.img"


def make_boot(image, files, boot_initrd):
    """An ext2 file system with the kernel, the initrd and the menu; no mount needed."""
    (files / "boot/grub").mkdir(parents=True)
    (files / "boot/grub/grub.cfg").write_text(MENU)
    shutil.copy(kernel(), files / "boot/vmlinux")
    shutil.copy(boot_initrd, files / "boot/initrd")
    disk_image.run([disk_image.mkfs(), "-q", "-F", "-O", "^has_journal,^metadata_csum,^64bit", "-L", LABEL,
                    "-d", str(files), str(image), f"{BOOT_SIZE}M"])
