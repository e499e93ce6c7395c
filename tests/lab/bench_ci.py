"""Benchmark "ci": what serving H_LOGICAL_CI_STORE in the kernel is worth, and what a SLOF disk read still costs."""

import collections
import os
import re
import statistics
import time

from lab import guest, guest_images, say, toolchain, trace
from lab.failure import LabError

EACH_HOST = True
WAYS = ("kernel", "user")
TIMING = re.compile(r"ci_timing: (\d+) (stores|loads) (\d+) timebase ticks")
BOOT_LIMIT = 150
TRACE_SECONDS = 3         # of SLOF's reads


def prepare():
    toolchain.build_ppc64le()


def timebase(host):
    """Ticks a second of the host's timebase."""
    text = host.run("grep ^timebase /proc/cpuinfo; hexdump -e '1/1 \"%02x\"' "
                    "/proc/device-tree/cpus/PowerPC*@0/timebase-frequency", 20).text
    listed = re.search(r"timebase\s*: (\d+)", text)
    return int(listed.group(1)) if listed else int(text.strip()[-8:], 16)


def time_calls(host, way):
    """Seconds for one store to a doorbell and one load of a register, by the payload's own timebase."""
    result = host.run(
        f"dd if=/dev/zero of=/tmp/payload.img bs=1M count=1 2>/dev/null\n"
        f"exec {host.here}/ppc64le/lparun -bios {host.here}/ppc64le/tests/guest/ci_timing-be.bin -m 512M "
        f"-ci-hcalls {way} -drive file=/tmp/payload.img,if=virtio,format=raw </dev/null", 60)
    found = {what: (int(ticks), int(count)) for count, what, ticks in TIMING.findall(result.text)}
    if set(found) != {"stores", "loads"}:
        raise LabError("the timing payload said:\n" + result.text)
    return {what: ticks / count for what, (ticks, count) in found.items()}


def read_rate(host, way):
    """MiB/s of SLOF's disk reads while GRUB loads kernel and initrd."""
    run = guest.Guest(host, guest.Setup(ci_hcalls=way))
    run.prepare()
    job = run.start(BOOT_LIMIT)
    if not job.wait_for(b"GRUB loads Linux", BOOT_LIMIT - 10):
        raise LabError("GRUB did not come to its kernel")
    began = time.monotonic()
    if not job.wait_for(b"Preparing to boot Linux", BOOT_LIMIT - 10):
        raise LabError("GRUB did not load its kernel")
    seconds = time.monotonic() - began
    host.run(f"kill -TERM {host.lparun()}", 20)
    job.wait()
    run.collect()
    loaded = os.path.getsize(guest_images.kernel()) + os.path.getsize(guest_images.initrd())
    return loaded / guest_images.MIB / seconds


def trace_reads(host):
    """{(call, register): [calls, of these to userspace]} while GRUB loads its kernel."""
    run = guest.Guest(host, guest.Setup())
    run.prepare()
    job = run.start(BOOT_LIMIT)
    job.wait_for(b"GRUB loads Linux", BOOT_LIMIT - 10)
    trace.start(host)
    time.sleep(TRACE_SECONDS)
    trace.stop(host, f"{run.inside}/trace")
    host.run(f"kill -TERM {host.lparun()}", 20)
    job.wait()
    run.collect()
    counts = collections.defaultdict(lambda: [0, 0])
    for call in trace.parse((run.folder / "trace").read_text(errors="replace"))[0]:
        if call.register:
            counts[call.name, call.register][0] += 1
            counts[call.name, call.register][1] += call.resumed == "RESUME_HOST"
    return dict(counts)


def measure(host, runs):
    figures = {"runs": runs, "timebase": timebase(host), "ways": {}}
    calls = {way: {"stores": [], "loads": []} for way in WAYS}
    rates = {way: [] for way in WAYS}
    for number in range(runs):
        for way in WAYS:
            say.step(f"ci, run {number + 1} of {runs}, hypercalls in {way}")
            for what, ticks in time_calls(host, way).items():
                calls[way][what].append(ticks)
    for number in range(max(1, runs // 2)):
        for way in WAYS:
            say.step(f"SLOF's disk reads, run {number + 1}, hypercalls in {way}")
            rates[way].append(read_rate(host, way))
    for way in WAYS:
        microseconds = {what: statistics.median(ticks) / figures["timebase"] * 1e6
                        for what, ticks in calls[way].items()}
        figures["ways"][way] = {**microseconds, "mib_per_s": statistics.median(rates[way])}
    say.step("where the exits of a disk read come from")
    figures["registers"] = [{"call": call, "register": register, "calls": count, "exits": exits}
                            for (call, register), (count, exits) in sorted(trace_reads(host).items())]
    kernel, user = figures["ways"]["kernel"], figures["ways"]["user"]
    figures["store_ratio"] = kernel["stores"] / user["stores"]
    figures["rate_ratio"] = kernel["mib_per_s"] / user["mib_per_s"]
    return figures


def table(figures):
    print(f"\nci: medians of {figures['runs']} runs")
    print(f"{'':12}{'store to a doorbell':>22}{'load of a register':>22}{'SLOF disk reads':>18}")
    for way, row in figures["ways"].items():
        print(f"{way:12}{row['stores']:>19.1f} µs{row['loads']:>19.1f} µs{row['mib_per_s']:>12.2f} MiB/s")
    print(f"a store in the kernel costs {figures['store_ratio']:.2f} of one in userspace; "
          f"SLOF reads {figures['rate_ratio']:.2f} times as fast")
    bells = sum(row["calls"] for row in figures["registers"] if row["register"] == "doorbell")
    print(f"\nhypercalls of a disk read ({bells} reads seen by kvm_hv:kvm_hcall_enter and _exit)")
    print(f"{'call':24}{'register':20}{'a read':>8}{'exits':>8}")
    for row in figures["registers"]:
        print(f"{row['call']:24}{row['register']:20}{row['calls'] / max(bells, 1):>8.2f}"
              f"{row['exits'] / max(bells, 1):>8.2f}")
