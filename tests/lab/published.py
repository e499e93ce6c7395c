"""Published command lines for qemu-system-ppc64, and what their callers start and look for."""

import dataclasses
import pathlib
import shlex
import struct

from lab import bundle, cache, cpio, guest_images, modules, trees

INIT = pathlib.Path(__file__).parent / "scripts/published-init.sh"
FILES = "published-guest"     # in the cache: vmlinux, which has the initrd inside, and the initrd


def files():
    """The folder with what the lines name."""
    tree, root = trees.kernel(guest_images.KERNEL), trees.root()

    def build(new):
        archive = cpio.Archive()
        for folder in ("bin", "dev", "modules"):
            archive.folder(folder)
        archive.device("dev/console", 5, 1)
        archive.file("bin/busybox", (root / "bin/busybox").read_bytes(), 0o755)
        archive.file("init", INIT.read_bytes(), 0o755)
        found = modules.collect(tree / "modules", guest_images.MODULES)
        for name, data in found:
            archive.file(f"modules/{name}.ko", data)
        archive.file("modules/order", "\n".join(name for name, _ in found).encode())
        initrd = archive.finish()
        (new / "initrd").write_bytes(initrd)
        (new / "boot_rom.bin").write_bytes(boot_rom())
        (new / "selftest.elf").write_bytes(selftest())
        (new / "vmlinux").write_bytes(bundle.make((tree / "vmlinux").read_bytes(), initrd))

    recipe = [3, guest_images.MODULES, INIT.read_text(), pathlib.Path(bundle.__file__).read_text(), cache.stamp(tree.name),
              cache.stamp(root.name)]
    return cache.ensure(FILES, recipe, build)


POWER_OFF = 0x2008            # RTAS's token for it, as tests/integration/numbers.txt has it


def load(register, value):
    """Instructions that load a register with 64 bits."""
    upper = [0x3c000000 | register << 21 | value >> 48, 0x60000000 | register << 21 | register << 16 | value >> 32 & 0xffff,
             0x780007c6 | register << 21 | register << 16]      # lis, ori, sldi 32
    return upper + [0x64000000 | register << 21 | register << 16 | value >> 16 & 0xffff,
                    0x60000000 | register << 21 | register << 16 | value & 0xffff]


def big_endian(words):
    return struct.pack(f">{len(words)}I", *words)


def boot_rom():
    """As kvm-unit-tests' own: at 0x100, the kernel that lies at 4 MiB is next, with the device tree in r3."""
    return bytes(0x100) + big_endian([*load(12, 0x400000), 0x7d8903a6, 0x4e800420])    # mtctr r12, bctr


def selftest():
    """A kernel that says how its tests ended, as kvm-unit-tests has it, and powers the machine off."""
    call = 0x44000022             # sc 1
    words = []
    for at in range(0, len(text := b"PASS: selftest\r\nEXIT: STATUS=1\r\n"), 16):
        piece = text[at:at + 16]
        first, second = struct.unpack(">QQ", piece.ljust(16, b"\0"))
        words += [*load(3, 0x58), *load(4, 0), *load(5, len(piece)), *load(6, first), *load(7, second), call]
    block = 0x400000 + 0x1000     # of the RTAS call: token, 2 arguments, 1 result
    words += [*load(3, 0xf000), *load(4, block), call, 0x48000000]     # b .
    image = big_endian(words).ljust(0x1000, b"\0") + struct.pack(">IIIIII", POWER_OFF, 2, 1, 0, 0, 0)
    return bundle.elf(image)


@dataclasses.dataclass
class Line:
    caller: str
    line: str                     # as published, but for variables
    later: tuple = ()             # values of options that need a device that lparun has not: they are left out
    prepare: str = ""             # a script, in the folder where it runs
    names: tuple = ("vmlinux",)   # files that the line names, which are links to those of files()

    def source(self, name):
        """Which of files() a file that the line names is."""
        ours = ("boot_rom.bin", "selftest.elf")
        return name if name in ours else "vmlinux" if name.startswith("vmlinu") else "initrd"

    def words(self):
        words = shlex.split(self.line)[1:]
        for value in self.later:
            at = words.index(value)
            del words[at - 1:at + 1]
        return words


LINES = {
    "kunit": Line(
        "Linux, tools/testing/kunit",
        "qemu-system-ppc64 -nodefaults -m 1024 -kernel vmlinux "
        "-append 'kunit.enable=1 console=ttyS0 kunit_shutdown=reboot' "
        "-no-reboot -nographic -accel kvm -accel hvf -accel tcg -serial stdio -M pseries -cpu power8"),
    "rcutorture": Line(
        "Linux, tools/testing/selftests/rcutorture",
        "qemu-system-ppc64 -enable-kvm -nographic -smp 8 -M pseries -nodefaults -device spapr-vscsi "
        "-serial file:console.log -pidfile qemu_pid -m 512 -kernel vmlinux -append 'noapic debug_boot_weak_hash panic=-1 "
        "selinux=0 console=hvc0 torture.disable_onoff_at_boot rcutorture.onoff_interval=1000'",
        later=("spapr-vscsi",)),
    "linuxppc": Line(
        "linuxppc/ci-scripts",
        "qemu-system-ppc64 -nographic -vga none -M pseries,cap-ccf-assist=off,max-cpu-compat=power9 -smp 8 -m 4G -accel kvm "
        "-kernel vmlinux -append 'noreboot' -initrd ppc64le-rootfs.cpio.gz -nic user,model=virtio-net-pci "
        "-object memory-backend-ram,size=1G,id=m0 -numa node,nodeid=0,memdev=m0,cpus=0-1 "
        "-object memory-backend-ram,size=1G,id=m1 -numa node,nodeid=1,memdev=m1,cpus=2-3 "
        "-object memory-backend-ram,size=1G,id=m2 -numa node,nodeid=2,memdev=m2,cpus=4-5 "
        "-object memory-backend-ram,size=1G,id=m3 -numa node,nodeid=3,memdev=m3,cpus=6-7 "
        "-object rng-random,filename=/dev/urandom,id=rng0 -device spapr-rng,rng=rng0,use-kvm=true",
        later=("user,model=virtio-net-pci",),
        names=("vmlinux", "ppc64le-rootfs.cpio.gz")),
    "kvm-unit-tests": Line(
        "kvm-unit-tests, powerpc/run",
        "qemu-system-ppc64 -nodefaults -accel kvm -machine pseries,cap-ccf-assist=off -bios powerpc/boot_rom.bin "
        "-display none -serial stdio -kernel powerpc/selftest.elf -smp 2 -m 1g -append 'setup smp=2 mem=1024'",
        prepare="mkdir powerpc; mv boot_rom.bin selftest.elf powerpc",
        names=("boot_rom.bin", "selftest.elf")),
    "boot-utils": Line(
        "ClangBuiltLinux/boot-utils",
        "qemu-system-ppc64 -display none -nodefaults -cpu power8 -machine pseries -vga none -kernel vmlinux "
        "-initrd rootfs.cpio -m 1G -serial mon:stdio",
        names=("vmlinux", "rootfs.cpio")),
    "obs": Line(
        "openSUSE/obs-build",
        "qemu-system-ppc64 -nodefaults -no-reboot -nographic -vga none -enable-kvm -M pseries "
        "-object rng-random,filename=/dev/random,id=rng0 -device virtio-rng-pci,rng=rng0 -runas qemu -cpu host -net none "
        "-kernel /boot/vmlinux -initrd /boot/initrd -append 'root=/dev/disk/by-id/virtio-0 rootfstype=ext4 panic=1 quiet "
        "no-kvmclock nmi_watchdog=0 rw rd.driver.pre=binfmt_misc elevator=noop console=hvc0 init=/.build/build' -m 4096 "
        "-drive file=root.img,format=raw,if=none,id=disk,serial=0,cache=unsafe -device virtio-blk-pci,drive=disk "
        "-drive file=swap.img,format=raw,if=none,id=swap,serial=1,cache=unsafe -device virtio-blk-pci,drive=swap "
        "-serial stdio -smp 4,threads=2",
        prepare="truncate -s 16M root.img swap.img; grep -q ^qemu: /etc/passwd || "
                "echo qemu:x:107:107::/:/bin/sh >>/etc/passwd; mkdir -p /boot; ln -sf $PWD/vmlinux /boot/vmlinux; "
                "ln -sf $PWD/initrd /boot/initrd",
        names=("vmlinux", "initrd")),
    "qemu-hv": Line(
        "QEMU, tests/functional/ppc64",
        "qemu-system-ppc64 -nographic -smp 2 -m 1g -machine pseries,x-vof=on,accel=kvm "
        "-machine cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,cap-ccf-assist=off "
        "-drive file=/dev/nvme0n1,format=raw,readonly=on -initrd /media/nvme0n1/boot/initramfs-lts "
        "-kernel /media/nvme0n1/boot/vmlinuz-lts -append 'usbcore.nousb '",
        prepare="mkdir -p /media/nvme0n1/boot; truncate -s 16M disk.img; ln -sf $PWD/disk.img /dev/nvme0n1; "
                "ln -sf $PWD/vmlinuz /media/nvme0n1/boot/vmlinuz-lts; "
                "ln -sf $PWD/initrd /media/nvme0n1/boot/initramfs-lts",
        names=("vmlinuz", "initrd")),
    "libvirt": Line(
        "libvirt, tests/qemuxmlconfdata",
        "qemu-system-ppc64 -name guest=guest,debug-threads=on -S "
        "-object '{\"qom-type\":\"secret\",\"id\":\"masterKey0\",\"format\":\"raw\",\"file\":\"master-key.aes\"}' "
        "-machine pseries,usb=off,dump-guest-core=off,memory-backend=ppc_spapr.ram -accel kvm -cpu host -m size=524288k "
        "-object '{\"qom-type\":\"memory-backend-ram\",\"id\":\"ppc_spapr.ram\",\"size\":536870912}' -overcommit mem-lock=off "
        "-smp 1,sockets=1,cores=1,threads=1 -uuid 1ccfd97d-5eb4-478a-bbe6-88d254c16db7 -display none -no-user-config "
        "-nodefaults -chardev socket,id=charmonitor,fd=3,server=on,wait=off -mon chardev=charmonitor,id=monitor,mode=control "
        "-rtc base=utc -no-shutdown -boot strict=on "
        "-device '{\"driver\":\"spapr-pci-host-bridge\",\"index\":1,\"id\":\"pci.1\"}' "
        "-device '{\"driver\":\"virtio-scsi-pci\",\"id\":\"scsi0\",\"bus\":\"pci.0\",\"addr\":\"0x1\"}' "
        "-device '{\"driver\":\"virtio-scsi-pci\",\"id\":\"scsi1\",\"bus\":\"pci.1.0\",\"addr\":\"0x1\"}' "
        "-audiodev '{\"id\":\"audio1\",\"driver\":\"none\"}' "
        "-sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny -msg timestamp=on",
        later=('{"driver":"spapr-pci-host-bridge","index":1,"id":"pci.1"}',
               '{"driver":"virtio-scsi-pci","id":"scsi0","bus":"pci.0","addr":"0x1"}',
               '{"driver":"virtio-scsi-pci","id":"scsi1","bus":"pci.1.0","addr":"0x1"}'),
        names=()),
}
