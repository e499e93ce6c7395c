"""Benchmark "runner": what lparun-ci adds to a boot, and what several boots at once are worth."""

import json
import re
import shlex
import statistics

from lab import guest_images, say, toolchain
from lab.failure import LabError

EACH_HOST = False
BOOTS = 12
LIMIT = 600
# The emulated host's shell has no finer clock than its uptime.
TIMED = """
begin=$(cut -d' ' -f1 /proc/uptime)
{command} >/tmp/said 2>&1 </dev/null
status=$?
echo "took $begin $(cut -d' ' -f1 /proc/uptime) status $status"
"""
TOOK = re.compile(r"took (\S+) (\S+) status (\d+)")


def prepare():
    toolchain.build_ppc64le()


def commands(host):
    """name: the words of a command that starts a guest which powers off."""
    here, tree = f"{host.here}/ppc64le", f"{host.cache}/kernel-{guest_images.KERNEL}"
    guest_images.initrd()
    start = ["-kernel", f"{tree}/vmlinux", "-initrd", f"{host.cache}/{guest_images.initrd_item()}/initrd", "-append",
             "console=hvc0 loglevel=6 lab.job=off"]
    ci = f"{here}/lparun-ci"
    boot = [word.replace("-", "--", 1) if word.startswith("-") else word for word in start]
    return {
        "lparun": [f"{here}/lparun", "-bios", "none", *start],
        "lparun-ci run": [ci, "run", "--bios", "none", *boot],
        "lparun-ci exec": [ci, "exec", "--kernel", f"{tree}/vmlinux", "--modules", f"{tree}/modules", "--append",
                           "console=hvc0 loglevel=6", "--", "sh", "-c", "true"],
    }


def time_once(host, words):
    result = host.run(TIMED.format(command=shlex.join(words)), LIMIT)
    found = TOOK.search(result.text)
    if not found or found.group(3) != "0":
        raise LabError(f"{words[:2]}: {result.text}{host.run('cat /tmp/said', 20).text[-2000:]}")
    return float(found.group(2)) - float(found.group(1))


def at_once(host, jobs):
    """Seconds of all boots together, with so many at once."""
    text = f"[axes]\nn = {';'.join(map(str, range(BOOTS)))}\n[boot b]\naxes = n\ntimeout = 300\n"
    (host.folder / "many.boot").write_text(text)
    words = [*commands(host)["lparun-ci run"], f"{host.inside}/many.boot", "--report", f"{host.inside}/many",
             "--jobs", str(jobs)]
    time_once(host, words)
    return json.loads((host.folder / "many/results.json").read_text())["seconds"]


def memory(host):
    """MiB of lparun-ci and its keeper while a guest idles, proportional."""
    words = commands(host)["lparun-ci run"]
    words[words.index("--append") + 1] = "console=hvc0 quiet lab.job=idle"
    job = host.spawn("exec " + shlex.join([*words, "--timeout", "120", "--step", "wait 60"]), LIMIT)
    host.run("sleep 20", 60)
    text = host.run("for p in $(pidof lparun-ci ci-keeper); do cat /proc/$p/smaps_rollup; done", 30).text
    job.kill()
    job.wait()
    return sum(int(kilobytes) for kilobytes in re.findall(r"^Pss: +(\d+) kB$", text, re.M)) / 1024


def measure(host, runs):
    compared = commands(host)
    times = {name: [] for name in compared}
    for number in range(runs + 1):
        for name, words in compared.items():
            say.step(f"{name}, run {number} of {runs}")
            seconds = time_once(host, words)
            if number:  # the first one warms the host
                times[name].append(seconds)
    say.step("memory")
    pss = memory(host)
    say.step(f"{BOOTS} boots one after another, and two at once")
    return {"runs": runs, "seconds": times, "pss_mib": pss, "one_at_a_time_s": at_once(host, 1),
            "two_at_once_s": at_once(host, 2)}


def table(figures):
    print(f"\nrunner: medians of {figures['runs']} runs, a guest that starts directly and powers off")
    base = statistics.median(figures["seconds"]["lparun"])
    for name, seen in figures["seconds"].items():
        median = statistics.median(seen)
        print(f"{name:16}{median:>8.2f} s ({min(seen):.2f} to {max(seen):.2f})   {median / base:.3f} of lparun's")
    ratio = figures["two_at_once_s"] / figures["one_at_a_time_s"]
    print(f"memory of lparun-ci: {figures['pss_mib']:.1f} MiB (Pss)")
    print(f"{BOOTS} boots: {figures['one_at_a_time_s']:.1f} s one after another, {figures['two_at_once_s']:.1f} s two at "
          f"once ({ratio:.2f})")
