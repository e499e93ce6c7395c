"""A kernel that has its initrd inside, as kernel tools build theirs, of a kernel that has none.

A few instructions in front hand the initrd to the kernel in r3 and r4, as a boot loader of old would (Linux,
arch/powerpc/kernel/prom_init.c); r5, firmware's entry, stays. All of it runs wherever it was loaded."""

import struct

KERNEL_AT = 0x10000


def half(value, rest=False):
    """The upper half of a value whose lower half is added with its sign; or that lower half."""
    return value & 0xffff if rest else (value + 0x8000) >> 16 & 0xffff


def start(initrd_at, initrd_size):
    here = 4    # what the first instruction leaves in the link register
    to_initrd, to_kernel = initrd_at - here, KERNEL_AT - here
    words = [0x429f0005,                                # bcl   20,31,$+4
             0x7d8802a6,                                # mflr  r12
             0x3c6c0000 | half(to_initrd),              # addis r3,r12,...
             0x38630000 | half(to_initrd, True),        # addi  r3,r3,...
             0x3c800000 | initrd_size >> 16,            # lis   r4,...
             0x60840000 | initrd_size & 0xffff,         # ori   r4,r4,...
             0x3d6c0000 | half(to_kernel),              # addis r11,r12,...
             0x396b0000 | half(to_kernel, True),        # addi  r11,r11,...
             0x7d6903a6,                                # mtctr r11
             0x4e800420]                                # bctr
    return struct.pack(f">{len(words)}I", *words)


def segments(vmlinux):
    """[(offset from the first, bytes, size in memory)] of a little-endian kernel's."""
    table, = struct.unpack_from("<Q", vmlinux, 32)
    size, count = struct.unpack_from("<HH", vmlinux, 54)
    found = [struct.unpack_from("<IIQQQQQQ", vmlinux, table + index * size) for index in range(count)]
    loads = [(vaddr, vmlinux[offset:offset + filesz], memsz)
             for kind, _, offset, vaddr, _, filesz, memsz, _ in found if kind == 1]
    first = min(vaddr for vaddr, _, _ in loads)
    return [(vaddr - first, data, memsz) for vaddr, data, memsz in loads]


def elf(image):
    """A big-endian executable that is `image` at address 0, where it begins."""
    ident = b"\x7fELF\x02\x02\x01" + bytes(9)
    header = ident + struct.pack(">HHIQQQIHHHHHH", 2, 21, 1, 0, 64, 0, 2, 64, 56, 1, 0, 0, 0)
    load = struct.pack(">IIQQQQQQ", 1, 7, 0x10000, 0, 0, len(image), len(image), 0x10000)
    return (header + load).ljust(0x10000, b"\0") + image


def make(vmlinux, initrd):
    """The ELF file's bytes."""
    loads = segments(vmlinux)
    end = KERNEL_AT + max(offset + memsz for offset, _, memsz in loads)
    initrd_at = (end + 0xffff) & ~0xffff
    image = bytearray(initrd_at)
    code = start(initrd_at, len(initrd))
    image[:len(code)] = code
    for offset, data, _ in loads:
        image[KERNEL_AT + offset:KERNEL_AT + offset + len(data)] = data
    image += initrd
    return elf(bytes(image))
