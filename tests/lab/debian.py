"""Debian root disks: PReP with GRUB, and an ext4 root with systemd, a kernel and its modules.

The packages are unpacked on this machine, which cannot run them; the emulated host nested configures them."""

import dataclasses
import io
import pathlib
import re
import shlex
import tarfile

from lab import cache, cpio, disk_image, host_images, host_table, modules, paths, say, trees, unpack
from lab.failure import LabError

SCRIPTS = pathlib.Path(__file__).parent / "scripts"
RECIPE = 1                # raised when the code below makes something else of the same packages
HOST = "nested"           # that configures the packages
HOST_LIMIT = 900          # seconds
PACKAGES = ["systemd-sysv", "udev", "kmod", "login", "passwd", "e2fsprogs", "libpam-runtime", "usr-is-merged"]
# For the initramfs; and what udev would load on a machine such as ours.
ROOT_MODULES = ["virtio_pci", "virtio_blk", "crc32c_generic", "ext4"]
MODULES = [*ROOT_MODULES, "virtio_net", "autofs4", "loop", "dm-mod", "fuse", "configfs"]
COMMAND_LINE = "console=hvc0 root=/dev/vda2 ro loglevel=7"
ABOUT_MB = 400            # that mmdebstrap unpacks
ROOT_SIZE = 320           # MiB
LABEL = "lparun-debian"


@dataclasses.dataclass(frozen=True)
class Release:
    suite: str
    kernel: str           # a key of packages.KERNELS


RELEASES = {"12": Release("bookworm", "6.1-64k"), "13": Release("trixie", "6.12-4k")}


def disk(version):
    """Path of the root disk of a release."""
    release = RELEASES[version]
    grub, kernel = trees.grub(), trees.kernel(release.kernel)
    scripts = {name: (SCRIPTS / name).read_bytes()
               for name in ("debian-init.sh", "debian-record.sh", "debian-configure.sh")}

    def build(new):
        say.step(f"making a root disk of Debian {version}: about two minutes")
        unpack.archive(new / "root.tar", release.suite, trees.PPC, [["?essential"], PACKAGES], record(), ABOUT_MB)
        add_ours(new / "ours.tar", version, kernel, scripts)
        configure(new, version, scripts["debian-configure.sh"])
        assemble(new, grub)
        for name in ("root.tar", "ours.tar", "root.img", "core.elf"):
            cache.remove(new / name)

    # What the host that configures the packages needs is made first: the cache is locked while an item is built.
    trees.emulator()
    host_images.initramfs(host_table.kind(HOST))
    recipe = [RECIPE, dataclasses.astuple(release), PACKAGES, MODULES, COMMAND_LINE, grub_menu(version, ""),
              {name: text.decode() for name, text in scripts.items()}, cache.stamp(kernel.name), cache.stamp(grub.name)]
    return cache.ensure(f"debian-{version}", recipe, build) / "disk.img"


def record():
    """The hook by which dpkg's database tells of the packages that were unpacked."""
    return f"sh {shlex.quote(str(SCRIPTS / 'debian-record.sh'))} \"$1\""


# What Debian's packages do not bring

def add_ours(path, version, kernel, scripts):
    release, found = kernel_release(kernel), modules.collect(kernel / "modules", MODULES)
    folder = f"usr/lib/modules/{release}"
    with tarfile.open(path, "w") as archive:
        def add(name, data, mode=0o644):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), mode
            archive.addfile(entry, io.BytesIO(data))

        for name, data in found:
            add(f"{folder}/kernel/{name}.ko", data)
        for name in ("modules.builtin", "modules.builtin.modinfo", "modules.order"):
            if (kernel / "modules" / name).exists():
                add(f"{folder}/{name}", (kernel / "modules" / name).read_bytes())
        add(f"boot/vmlinux-{release}", (kernel / "vmlinux").read_bytes())
        add(f"boot/initrd.img-{release}", initramfs(kernel, scripts["debian-init.sh"]))
        add("boot/grub/grub.cfg", grub_menu(version, release).encode())
        add("etc/fstab", b"/dev/vda2 / ext4 defaults 0 1\n")
        add("etc/hostname", f"debian-{version}\n".encode())


def kernel_release(kernel):
    """What uname -r says, from a module's word for the kernel that it is for."""
    data = modules.collect(kernel / "modules", ROOT_MODULES)[-1][1]
    return re.search(rb"\0vermagic=(\S+)", data).group(1).decode()


def initramfs(kernel, init):
    archive = cpio.Archive()
    for folder in ("bin", "dev", "proc", "sys", "modules", "root"):
        archive.folder(folder)
    archive.device("dev/console", 5, 1)
    archive.file("bin/busybox", (trees.root() / "bin/busybox").read_bytes(), 0o755)
    archive.file("init", init, 0o755)
    found = modules.collect(kernel / "modules", ROOT_MODULES)
    for name, data in found:
        archive.file(f"modules/{name}.ko", data)
    archive.file("modules/order", "\n".join(name for name, _ in found).encode())
    return archive.finish()


def grub_menu(version, release):
    return f"""\
set timeout=1
set default=0
menuentry "Debian {version}" {{
    echo "GRUB loads Linux {release}"
    linux /boot/vmlinux-{release} {COMMAND_LINE}
    initrd /boot/initrd.img-{release}
}}
"""


# What runs on the emulated host

def configure(new, version, script):
    """Have the host fill new/root.img, an ext4 file system."""
    from lab.host import Host  # which needs the cache's items, as this does
    image = new / "root.img"
    make_file_system(image)
    paths.BUILD.mkdir(exist_ok=True)
    inside = "/cache/" + str(new.relative_to(cache.folder()))
    with Host(HOST, drives=[image]) as host:
        say.step(f"configuring Debian {version} on the emulated host")
        result = host.run(f"set -- {inside}\n{script.decode()}", HOST_LIMIT)
    (new / "configure.log").write_bytes(result.output)
    if result.status != 0:
        raise LabError(f"configuring Debian {version} failed:\n{result.text[-4000:]}")


def make_file_system(image):
    """Without what the GRUB of Debian 12 or an older e2fsprogs does not know."""
    disk_image.run([disk_image.mkfs(), "-q", "-F", "-t", "ext4", "-O", "^metadata_csum_seed,^orphan_file",
                    "-L", LABEL, str(image), f"{ROOT_SIZE}M"])


def assemble(new, grub):
    disk_image.make_grub(grub, LABEL, new / "core.elf")
    root = disk_image.Partition(disk_image.BEHIND_PREP, ROOT_SIZE, new / "root.img")
    disk_image.write(new / "disk.img", new / "core.elf", [root], root.at + ROOT_SIZE)
