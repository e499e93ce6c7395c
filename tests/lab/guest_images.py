"""What test guests boot from: an initrd, and a disk with PReP, boot and data partitions."""

import hashlib
import json
import os
import pathlib
import shutil
import struct
import subprocess

from lab import cache, cpio, emulator, modules, say, trees
from lab.failure import LabError

SCRIPTS = pathlib.Path(__file__).parent / "scripts"
KERNEL = "6.12-4k"
MODULES = ["virtio_blk"]
MIB = 1 << 20
SECTOR = 512

# The disk, in MiB.
PREP_AT, PREP_SIZE = 1, 8
BOOT_AT, BOOT_SIZE = 9, 71
DATA_AT, DATA_SIZE = 80, 64
NONCE_AT, ANSWER_AT = 144, 145
DISK_SIZE = 148
PREP_TYPE, LINUX_TYPE = 0x41, 0x83

GRUB_MODULES = ["part_msdos", "ext2", "search", "search_label", "normal", "configfile", "linux", "echo"]
# Notices, such as the kernel's first line, but not the hundreds of lines of information.
COMMAND_LINE = "console=hvc0 loglevel=6"
# What GRUB starts with; the menu is what shows its banner.
EARLY = "search --set=root --label lparun-boot\nset prefix=($root)/boot/grub\nnormal ($root)/boot/grub/grub.cfg\n"
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


def initrd():
    """Path of the guest's initrd."""
    tree = trees.kernel(KERNEL)
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
    return cache.ensure("guest-initrd", recipe, build) / "initrd"


def disk():
    """Path of the guest disk; disk.json beside it has the data area's SHA-256."""
    boot_initrd = initrd()
    grub = trees.grub()

    def build(new):
        say.step(f"making the guest disk ({DISK_SIZE} MiB)")
        core = new / "core.elf"
        make_grub(grub, core)
        boot = new / "boot.img"
        make_boot(boot, new / "files", boot_initrd)
        data = os.urandom(DATA_SIZE * MIB)
        assemble(new / "disk.img", core, boot, data)
        (new / "disk.json").write_text(json.dumps({"sha256": hashlib.sha256(data).hexdigest()}))
        for name in ("core.elf", "boot.img", "files"):
            cache.remove(new / name)

    recipe = [2, GRUB_MODULES, EARLY, MENU, [PREP_AT, BOOT_AT, DATA_AT, NONCE_AT, ANSWER_AT, DISK_SIZE],
              cache.stamp("guest-initrd"), cache.stamp(grub.name)]
    return cache.ensure("guest-disk", recipe, build) / "disk.img"


def make_grub(modules_folder, core):
    early = core.parent / "early.cfg"
    early.write_text(EARLY)
    run([*emulator.command("grub-mkimage"), "-O", "powerpc-ieee1275", "-n",
         "-d", str(modules_folder / "powerpc-ieee1275"), "-c", str(early),
         "-p", "/boot/grub", "-o", str(core), *GRUB_MODULES])
    early.unlink()


def make_boot(image, files, boot_initrd):
    """An ext2 file system with the kernel, the initrd and the menu; no mount needed."""
    (files / "boot/grub").mkdir(parents=True)
    (files / "boot/grub/grub.cfg").write_text(MENU)
    shutil.copy(kernel(), files / "boot/vmlinux")
    shutil.copy(boot_initrd, files / "boot/initrd")
    program = shutil.which("mkfs.ext4", path=os.environ["PATH"] + ":/usr/sbin:/sbin")
    run([program, "-q", "-F", "-O", "^has_journal,^metadata_csum,^64bit", "-L", "lparun-boot",
         "-d", str(files), str(image), f"{BOOT_SIZE}M"])


def partition(kind, start, size, active=False):
    """One entry of a master boot record; start and size in MiB."""
    per_mib = MIB // SECTOR
    chs = b"\xfe\xff\xff"  # beyond what it can say: use the block numbers
    return (bytes([0x80 if active else 0]) + chs + bytes([kind]) + chs
            + struct.pack("<II", start * per_mib, size * per_mib))


def assemble(path, core, boot, data):
    if core.stat().st_size > PREP_SIZE * MIB:
        raise LabError("GRUB does not fit in its partition")
    record = (b"\0" * 446 + partition(PREP_TYPE, PREP_AT, PREP_SIZE, active=True)
              + partition(LINUX_TYPE, BOOT_AT, BOOT_SIZE)
              + partition(LINUX_TYPE, DATA_AT, DISK_SIZE - DATA_AT) + b"\0" * 16 + b"\x55\xaa")
    with open(path, "wb") as disk_file:
        for at, content in ((0, record), (PREP_AT, core.read_bytes()), (BOOT_AT, boot.read_bytes()),
                            (DATA_AT, data)):
            disk_file.seek(at * MIB)
            disk_file.write(content)
        disk_file.truncate(DISK_SIZE * MIB)


def run(command):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise LabError(f"{command[0]} failed:\n{done.stdout}")
