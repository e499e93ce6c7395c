"""Benchmark "start": time to SLOF's first character, and memory beyond guest RAM."""

import re
import shlex
import statistics

from lab import guest, guest_images, paths, peer, say, toolchain
from lab.failure import LabError

EACH_HOST = False
MEMORY_MIB = 1024
RUN_LIMIT = 90
IDLE_LIMIT = 150
# What each prints first comes from SLOF, whose first characters are line feeds and "SLOF".
MATCH = "SLOF"
IDLE = "console=hvc0 quiet lab.job=idle"


def prepare():
    peer.prepare()
    toolchain.build_ppc64le("lparun")
    toolchain.build_tool(paths.TOP / "tests/bench/first_byte.c", paths.BUILD / "bench/first_byte")


def programs(host):
    """name: (shell prefix, command), each with firmware and a disk on an iothread, all in tmpfs."""
    run = guest.Guest(host, guest.Setup(memory=f"{MEMORY_MIB}M"))
    run.prepare()
    lparun = run.command()
    lparun[0] = "/tmp/lparun"
    lparun[lparun.index("-bios") + 1] = "/tmp/slof.bin"
    shared = ["-m", f"{MEMORY_MIB}M", "-bios", "/tmp/slof.bin", *run.disk_options()]

    def qemu(machine_options=""):
        return (peer.environment(host),
                peer.command(host, machine_options, tree="/tmp/peer") + shared)

    return {"lparun": ("", lparun), "qemu": qemu(), "qemu ic-mode=xics": qemu("ic-mode=xics")}


def copy_programs(host):
    """Into tmpfs, so that neither side waits for the folder from outside."""
    result = host.run(
        f"set -e\ncp {host.here}/ppc64le/lparun {host.here}/bench/first_byte /tmp\n"
        f"cp {host.cache}/emulator/usr/share/qemu/slof.bin /tmp\n"
        f"mkdir -p /tmp/peer/usr/share /tmp/peer/usr/bin /tmp/peer/usr/lib\n"
        f"cp {host.cache}/peer/usr/bin/qemu-system-ppc64 /tmp/peer/usr/bin\n"
        f"cp -r {host.cache}/peer/usr/share/qemu /tmp/peer/usr/share\n"
        f"cp -r {host.cache}/peer/{peer.LIBRARIES} /tmp/peer/usr/lib\n", 120)
    if result.status != 0:
        raise LabError("copying the programs failed:\n" + result.text)


def first_character(host, prefix, command):
    """Seconds from the program's start to its first output byte, and to SLOF's name."""
    script = prefix + "exec " + shlex.join(["/tmp/first_byte", MATCH, *command]) + " </dev/null 2>/dev/null"
    result = host.run(script, RUN_LIMIT)
    found = dict(re.findall(r"^(byte|match) (\d+)$", result.text, re.M))
    if "match" not in found:
        raise LabError(f"{command[0]} did not reach SLOF:\n{result.text}")
    return int(found["byte"]) / 1e6, int(found["match"]) / 1e6


def idle_memory(host, prefix, command, process):
    """MiB beyond guest RAM while a Linux guest idles: (resident, proportional)."""
    kernel = ["-kernel", f"{host.cache}/kernel-{guest_images.KERNEL}/vmlinux",
              "-initrd", f"{host.cache}/guest-initrd/initrd", "-append", IDLE]
    job = host.spawn(prefix + "exec " + shlex.join(command + kernel), IDLE_LIMIT)
    if not job.wait_for(b"guest: idle", IDLE_LIMIT - 10):
        job.kill()
        raise LabError(f"the guest under {process} did not come up:\n{job.wait().text[-2000:]}")
    pid = f"/proc/$(pidof {process} | cut -d' ' -f1)"
    smaps = host.run(f"cat {pid}/smaps", 30)
    job.kill()
    job.wait()
    if smaps.status != 0:
        raise LabError(f"no process {process}: {smaps.text}")
    return beyond_guest_ram(smaps.text)


def beyond_guest_ram(smaps):
    """Sums of Rss and Pss in MiB over all mappings but the guest's RAM, known by its size."""
    rss = pss = 0
    for mapping in re.split(r"\n(?=[0-9a-f]+-[0-9a-f]+ )", smaps):
        field = {name: int(value) for name, value in re.findall(r"^(\w+): +(\d+) kB$", mapping, re.M)}
        if field.get("Size", 0) < MEMORY_MIB * 1024 / 2:
            rss += field.get("Rss", 0)
            pss += field.get("Pss", 0)
    return rss / 1024, pss / 1024


def measure(host, runs):
    copy_programs(host)
    compared = programs(host)
    times = {name: [] for name in compared}
    for name, (prefix, command) in compared.items():  # once unmeasured: page cache, module state
        first_character(host, prefix, command)
    for number in range(runs):
        say.step(f"start, run {number + 1} of {runs}")
        for name, (prefix, command) in compared.items():
            times[name].append(first_character(host, prefix, command))
    figures = {name: {"first_byte_s": [byte for byte, _ in seen],
                      "slof_s": [match for _, match in seen],
                      "median_first_byte_s": statistics.median(byte for byte, _ in seen),
                      "median_slof_s": statistics.median(match for _, match in seen)}
               for name, seen in times.items()}
    for name, process in (("lparun", "lparun"), ("qemu", "ld64.so.2")):
        say.step(f"memory of {name} while a guest idles")
        rss, pss = idle_memory(host, *compared[name], process)
        figures[name].update(rss_mib=rss, pss_mib=pss)
    ratio = figures["lparun"]["median_slof_s"] / figures["qemu"]["median_slof_s"]
    return {"runs": runs, "memory_mib": MEMORY_MIB, "programs": figures, "ratio": ratio}


def table(figures):
    print(f"\nstart: medians of {figures['runs']} runs, guest of {figures['memory_mib']} MiB")
    print(f"{'':20}{'first byte':>12}{'SLOF':>12}{'beyond guest RAM':>28}")
    for name, row in figures["programs"].items():
        memory = f"{row['rss_mib']:.1f} MiB (Pss {row['pss_mib']:.1f})" if "rss_mib" in row else ""
        print(f"{name:20}{row['median_first_byte_s']:>10.3f} s{row['median_slof_s']:>10.3f} s{memory:>28}")
    print(f"lparun reaches SLOF in {figures['ratio']:.2f} of QEMU's time (the aim: below 0.33)")
