"""Benchmark "start": time to SLOF's first character, and memory beyond guest RAM."""

import re
import shlex

from lab import guest, say, timing
from lab.failure import LabError

EACH_HOST = False
MEMORY_MIB = 1024
IDLE_LIMIT = 150
PROCESS = "ld64.so.2"     # either program's, as it is started
# What each prints first comes from SLOF, whose first characters are line feeds and "SLOF".
MATCH = "SLOF"
IDLE = "console=hvc0 quiet lab.job=idle"

prepare = timing.prepare


def programs(host):
    """name: (shell prefix, command), each with firmware and a disk on an iothread, all in tmpfs."""
    run = guest.Guest(host, guest.Setup(memory=f"{MEMORY_MIB}M"))
    run.prepare()
    lparun = [*timing.LPARUN, *run.command()[1:]]
    lparun[lparun.index("-bios") + 1] = timing.SLOF
    shared = ["-m", f"{MEMORY_MIB}M", "-bios", timing.SLOF, *run.disk_options()]

    return {"lparun": ("", lparun), "qemu": timing.qemu(host, "", shared),
            "qemu ic-mode=xics": timing.qemu(host, "ic-mode=xics", shared)}


def idle_memory(host, prefix, command):
    """MiB beyond guest RAM while a Linux guest idles: (resident, proportional)."""
    words = [*command, *timing.KERNEL, "-append", IDLE]
    job = host.spawn(prefix + "exec " + shlex.join(words), IDLE_LIMIT)
    if not job.wait_for(b"guest: idle", IDLE_LIMIT - 10):
        job.kill()
        raise LabError(f"the guest under {command[3]} did not come up:\n{job.wait().text[-2000:]}")
    pid = f"/proc/$(pidof {PROCESS} | cut -d' ' -f1)"
    smaps = host.run(f"cat {pid}/smaps", 30)
    job.kill()
    job.wait()
    if smaps.status != 0:
        raise LabError(f"no process {PROCESS}: {smaps.text}")
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
    timing.copy_programs(host)
    compared = programs(host)
    times = timing.compare(host, compared, MATCH, runs, "start")
    figures = {}
    for name, seen in times.items():
        first, slof = timing.medians(seen)
        figures[name] = {"first_byte_s": [byte for byte, _ in seen], "slof_s": [match for _, match in seen],
                         "median_first_byte_s": first, "median_slof_s": slof}
    for name in ("lparun", "qemu"):
        say.step(f"memory of {name} while a guest idles")
        rss, pss = idle_memory(host, *compared[name])
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
