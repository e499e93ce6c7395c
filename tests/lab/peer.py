"""QEMU on the emulated host: the peer in benchmarks."""

from lab import host_table, trees

LIBRARIES = "usr/lib/powerpc64le-linux-gnu"
# What a pseries guest on an emulated host with 4K pages can have.
MACHINE = f"pseries,accel=kvm,{host_table.NO_MITIGATIONS},cap-hpt-max-page-size=4096,cap-ail-mode-3=off"


def prepare():
    trees.peer()


def environment(host):
    return f"export QEMU_MODULE_DIR={host.cache}/peer/{LIBRARIES}/qemu\n"


def command(host, machine_options="", tree=None, default_devices=False):
    """QEMU's program and machine as a list; tree is a copy of the peer's tree on the host."""
    tree = tree or f"{host.cache}/peer"
    devices = ["-nographic"] if default_devices else ["-nodefaults", "-nographic", "-serial", "stdio"]
    return [f"{tree}/{LIBRARIES}/ld64.so.2", "--library-path", f"{tree}/{LIBRARIES}",
            f"{tree}/usr/bin/qemu-system-ppc64", "-L", f"{tree}/usr/share/qemu",
            "-M", MACHINE + (f",{machine_options}" if machine_options else ""), "-cpu", "host",
            *devices]
