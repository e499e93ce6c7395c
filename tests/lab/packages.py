"""Every Debian package that the lab uses, and where it goes."""

import platform

# Installed on this machine by apt: what it takes to build, unpack and test.
BUILD_TOOLS = [
    "gcc", "meson", "ninja-build", "pkg-config", "libglib2.0-dev",
    "libjson-glib-dev", "libfdt-dev", "liburing-dev", "libaio-dev", "mmdebstrap", "e2fsprogs", "python3-pytest",
    "systemtap-sdt-dev", "libseccomp-dev",
]

# In addition where the machine is not ppc64el itself.
CROSS_TOOLS = ["gcc-powerpc64le-linux-gnu", "libc6-dev-ppc64el-cross"]

# Makes a Debian package of lparun, and looks at it.
PACKAGE_TOOLS = ["debhelper", "dpkg-dev", "lintian", "man-db"]

# By the tests that debug a guest.
DEBUGGER = ["gdb-multiarch"]

# The emulator, qemu-user for cross-built tests, and grub-mkimage.
EMULATOR_SUITE = "trixie"
EMULATOR = ["qemu-system-ppc", "qemu-user", "grub-common"]
EMULATOR_PROGRAMS = ["qemu-system-ppc64", "qemu-ppc64le", "qemu-img"]

# The ppc64el root: sysroot for the cross compiler and userspace of the emulated hosts.
ROOT_SUITE = "bookworm"
SYSROOT = ["libc6-dev", "libglib2.0-dev", "libjson-glib-dev", "liburing-dev", "libaio-dev", "libfdt-dev",
           "libseccomp-dev"]
PROBES = ["systemtap-sdt-dev"]  # a header, taken alone: the package wants Python for a program that nobody needs
USERSPACE = ["busybox-static", "strace", "bsdutils"]

# A Debian that lparun's package is built against and installed in, beside the libraries that debian/control names: what
# dpkg needs, what the package recommends, and man.
PACKAGE_SUITE = ROOT_SUITE
PACKAGE_ROOT = ["libc6-dev", "dpkg", "tar", "coreutils", "dash", "diffutils", "sed", "grep", "findutils", "libc-bin",
                "systemd-standalone-sysusers", "qemu-system-data", "xz-utils", "man-db", "base-files", "base-passwd"]

# QEMU for the emulated host: the peer in benchmarks.
PEER_SUITE = "trixie"
PEER = ["qemu-system-ppc", "seabios"]  # the latter for the graphics card that it has by default

GRUB_SUITE = "trixie"
GRUB = ["grub-ieee1275-bin"]

# Host and guest kernels: suite, series and flavour. The newest of the series is taken.
KERNELS = {
    "6.12-4k": ("trixie", "6.12", "powerpc64le"),
    "6.12-64k": ("trixie", "6.12", "powerpc64le-64k"),
    "6.1-64k": ("bookworm", "6.1", "powerpc64le"),
}

# The installer's kernel and initrd, as the mirrors' dists/*/main/installer-ppc64el has them.
INSTALLER = ("trixie", "debian-installer-13-netboot-ppc64el")

# Kernels that the lab builds: suite, source package, configuration beside this file.
BUILT_KERNELS = {
    "6.1-pr": ("bookworm", "linux-source-6.1", "kvm-pr.config"),
    "6.1-be": ("bookworm", "linux-source-6.1", "guest-be.config"),
}
BIG_ENDIAN = "6.1-be"

# What it takes to build one, in addition to the build tools.
KERNEL_TOOLS = ["make", "bc", "bison", "flex", "xz-utils"]

# machine name: Debian architecture, library folder, loader
ARCHITECTURES = {
    "x86_64": ("amd64", "x86_64-linux-gnu", "ld-linux-x86-64.so.2"),
    "aarch64": ("arm64", "aarch64-linux-gnu", "ld-linux-aarch64.so.1"),
    "ppc64le": ("ppc64el", "powerpc64le-linux-gnu", "ld64.so.2"),
}


def building_machine():
    """Debian architecture, library folder and loader name of this machine."""
    from lab.failure import LabError
    machine = platform.machine()
    if machine not in ARCHITECTURES:
        raise LabError(f"the lab does not know this machine's architecture, {machine}")
    return ARCHITECTURES[machine]
