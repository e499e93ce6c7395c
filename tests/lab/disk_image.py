"""A disk as POWER boots it: a master boot record, GRUB in a PReP partition, and what the caller puts behind it."""

import dataclasses
import os
import shutil
import struct
import subprocess

from lab import emulator
from lab.failure import LabError

MIB = 1 << 20
SECTOR = 512
PREP_AT, PREP_SIZE = 1, 8             # MiB, as all places and sizes here
PREP_TYPE, LINUX_TYPE = 0x41, 0x83
BEHIND_PREP = PREP_AT + PREP_SIZE
GRUB_MODULES = ["part_msdos", "ext2", "search", "search_label", "normal", "configfile", "linux", "echo"]


@dataclasses.dataclass
class Partition:
    at: int
    size: int
    content: object       # the path of a file that fits in it, or bytes


def early(label):
    """What GRUB starts with: its menu is on the file system of this label."""
    return f"search --set=root --label {label}\nset prefix=($root)/boot/grub\nnormal ($root)/boot/grub/grub.cfg\n"


def make_grub(grub, label, core):
    """Write GRUB's image core, from its modules in the tree grub."""
    start = core.parent / "early.cfg"
    start.write_text(early(label))
    run([*emulator.command("grub-mkimage"), "-O", "powerpc-ieee1275", "-n",
         "-d", str(grub / "powerpc-ieee1275"), "-c", str(start),
         "-p", "/boot/grub", "-o", str(core), *GRUB_MODULES])
    start.unlink()


def record(kind, at, size, active=False):
    """One entry of a master boot record."""
    per_mib = MIB // SECTOR
    chs = b"\xfe\xff\xff"  # beyond what it can say: use the block numbers
    return (bytes([0x80 if active else 0]) + chs + bytes([kind]) + chs
            + struct.pack("<II", at * per_mib, size * per_mib))


def write(path, core, partitions, size):
    """Write a disk: GRUB's image core, then up to three partitions of Linux. Zeros in their files stay holes."""
    if core.stat().st_size > PREP_SIZE * MIB:
        raise LabError("GRUB does not fit in its partition")
    records = [record(PREP_TYPE, PREP_AT, PREP_SIZE, active=True),
               *(record(LINUX_TYPE, part.at, part.size) for part in partitions)]
    table = b"".join(records).ljust(64, b"\0")
    with open(path, "wb") as disk:
        disk.write(b"\0" * 446 + table + b"\x55\xaa")
        for part in [Partition(PREP_AT, PREP_SIZE, core), *partitions]:
            disk.seek(part.at * MIB)
            put(disk, part.content)
        disk.truncate(size * MIB)


def put(disk, content):
    if isinstance(content, bytes):
        disk.write(content)
        return
    with open(content, "rb") as source:
        while block := source.read(MIB):
            if any(block):
                disk.write(block)
            else:
                disk.seek(len(block), 1)


def mkfs():
    """The path of mkfs.ext4, which is not on everybody's search path."""
    return shutil.which("mkfs.ext4", path=os.environ["PATH"] + ":/usr/sbin:/sbin")


def run(command):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise LabError(f"{command[0]} failed:\n{done.stdout}")
