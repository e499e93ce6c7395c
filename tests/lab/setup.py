"""./lab setup: what each command needs, fetched and built."""

import argparse

from lab import apt, guest_images, host_images, host_table, hosts, packages, paths, say, toolchain, trees


def for_host(name):
    """All that it takes to start this host."""
    apt.install_build_tools()
    if name != hosts.LOCAL:
        kind = host_table.kind(name)
        trees.emulator()
        host_images.initramfs(kind)
    paths.BUILD.mkdir(exist_ok=True)


def for_guests(name):
    """The host, and what guests on it boot from."""
    for_host(name)
    trees.emulator()  # has slof.bin, whichever the host
    guest_images.disk()


def command(arguments):
    parser = argparse.ArgumentParser(prog="lab setup")
    parser.add_argument("hosts", nargs="*", metavar="HOST")
    options = parser.parse_args(arguments)
    for name in options.hosts or [hosts.default()[0]]:
        if name == "big-endian":
            apt.install_build_tools()
            trees.kernel(packages.BIG_ENDIAN)
        else:
            for_guests(name)
    toolchain.build_all()
    say.step("all there")
    return 0
