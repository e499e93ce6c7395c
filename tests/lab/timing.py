"""How long a program takes to its first output and to a text in it, on an emulated host, with all of it in tmpfs."""

import re
import shlex
import statistics

from lab import guest_images, paths, peer, say, toolchain
from lab.failure import LabError

RUN_LIMIT = 90
LIBRARIES = "/tmp/lib"
# By a loader that is told where the libraries are, as QEMU: the root has no ld.so.cache, as an installed system has.
LPARUN = [f"{LIBRARIES}/ld64.so.2", "--library-path", LIBRARIES, "/tmp/lparun"]
SLOF = "/tmp/slof.bin"
KERNEL = ["-kernel", "/tmp/vmlinux", "-initrd", "/tmp/initrd"]


def prepare():
    peer.prepare()
    toolchain.build_ppc64le("lparun")
    toolchain.build_tool(paths.TOP / "tests/bench/first_byte.c", paths.BUILD / "bench/first_byte")


def copy_programs(host):
    """Into tmpfs, so that neither side waits for the folder from outside."""
    result = host.run(
        f"set -e\ncp {host.here}/ppc64le/lparun {host.here}/bench/first_byte /tmp\n"
        f"mkdir -p {LIBRARIES}\n"
        f"cp $(LD_TRACE_LOADED_OBJECTS=1 /tmp/lparun | grep -o '/[^ ]*') {LIBRARIES}\n"
        f"cp {host.cache}/{guest_images.SLOF} {SLOF}\n"
        f"cp {host.cache}/kernel-{guest_images.KERNEL}/vmlinux {host.cache}/guest-initrd/initrd /tmp\n"
        f"mkdir -p /tmp/peer/usr/share /tmp/peer/usr/bin /tmp/peer/usr/lib\n"
        f"cp {host.cache}/peer/usr/bin/qemu-system-ppc64 /tmp/peer/usr/bin\n"
        f"cp -r {host.cache}/peer/usr/share/qemu /tmp/peer/usr/share\n"
        f"cp {host.cache}/peer/usr/share/seabios/vgabios-stdvga.bin /tmp/peer/usr/share/qemu\n"
        f"cp -r {host.cache}/peer/{peer.LIBRARIES} /tmp/peer/usr/lib\n", 120)
    if result.status != 0:
        raise LabError("copying the programs failed:\n" + result.text)


def qemu(host, machine_options, arguments, default_devices=False):
    """(shell prefix, command) of QEMU from tmpfs."""
    command = peer.command(host, machine_options, "/tmp/peer", default_devices)
    return peer.environment(host), command + arguments


def once(host, prefix, command, text):
    """Seconds from the program's start to its first output byte, and to the text."""
    script = prefix + "exec " + shlex.join(["/tmp/first_byte", text, *command]) + " </dev/null 2>/dev/null"
    result = host.run(script, RUN_LIMIT)
    found = dict(re.findall(r"^(byte|match) (\d+)$", result.text, re.M))
    if "match" not in found:
        raise LabError(f"{shlex.join(command)} did not reach {text!r}:\n{result.text}")
    return int(found["byte"]) / 1e6, int(found["match"]) / 1e6


def compare(host, programs, text, runs, name):
    """{program: [(first byte, text) of each run]}; in turns, so that all meet the same noise."""
    times = {program: [] for program in programs}
    for prefix, command in programs.values():  # once unmeasured: page cache, module state
        once(host, prefix, command, text)
    for number in range(runs):
        say.step(f"{name}, run {number + 1} of {runs}")
        for program, (prefix, command) in programs.items():
            times[program].append(once(host, prefix, command, text))
    return times


def medians(seen):
    return tuple(statistics.median(column) for column in zip(*seen))
