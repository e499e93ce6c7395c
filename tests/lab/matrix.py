"""What the whole machine is run on, and the page that tells how that went.

A row is one guest on one host: it boots, sums a disk, writes to it and powers off. Every host meets every guest
kernel on every MMU that its KVM has; processors and ways in alternate, so that any two values meet."""

import dataclasses
import datetime
import itertools
import json
import subprocess

from lab import guest_images, host_table, packages, paths, say

RESULTS = paths.BUILD / "matrix.json"
PAGE = paths.TOP / "docs/matrix.md"
GUESTS = ("6.12-4k", "6.12-64k", "6.1-64k")
# Where the big-endian guest runs, too.
BIG_ENDIAN_HOSTS = ("nested", "powernv9", "powernv8")
# (vCPUs, without firmware)
SHAPES = ((4, True), (1, False), (4, False), (1, True))
# What is run without --all: processors, kernels and pages that no other test has.
CHOICE = ("nested10,6.12-64k,radix,4,slof", "powernv10,6.1-64k,radix,1,direct",
          "powernv9-6.1,6.12-64k,radix,1,slof")
# Where a kernel without firmware has not been made to start.
ONLY_FIRMWARE = {"pr"}


@dataclasses.dataclass(frozen=True)
class Row:
    host: str
    guest: str            # a key of packages.KERNELS
    mmu: str
    cpus: int
    direct: bool          # without firmware

    def __str__(self):
        return f"{self.host},{self.guest},{self.mmu},{self.cpus},{'direct' if self.direct else 'slof'}"

    def pages(self):
        return "64K" if self.guest == packages.BIG_ENDIAN else self.guest.split("-")[1].upper()


def rows():
    found = []
    for number, host in enumerate(host_table.HOSTS):
        mmus = [mmu for mmu in ("radix", "hash") if mmu in host_table.HOSTS[host].has]
        guests = GUESTS + ((packages.BIG_ENDIAN,) if host in BIG_ENDIAN_HOSTS else ())
        for kernel, mmu in itertools.product(guests, mmus):
            cpus, direct = SHAPES[(number + guests.index(kernel) + mmus.index(mmu)) % len(SHAPES)]
            found.append(Row(host, kernel, mmu, cpus, direct and host not in ONLY_FIRMWARE))
    return found


# What became of the rows, kept between runs

def results():
    try:
        return json.loads(RESULTS.read_text())
    except (OSError, ValueError):
        return {}


def note(row, outcome, why="", **more):
    """Keep what became of a row: passed or failed."""
    kept = results()
    kept[str(row)] = {"outcome": outcome, "why": why, "commit": commit(),
                      "date": datetime.date.today().isoformat(), **more}
    paths.BUILD.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(kept, indent=1))


def commit():
    done = subprocess.run(["git", "-C", str(paths.TOP), "rev-parse", "--short", "HEAD"],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return done.stdout.strip() or "unknown"


# The page

HEAD = """\
# The matrix

Which guests were run on which hosts, written by `./lab test --all`; `./lab test` runs {choice} of the rows. Each row is
one boot on an emulated host: the guest comes up with all its processors, sums {size} MiB of a virtio-blk disk, writes to
it and powers off; its kernel must have found nothing to complain of. Every host meets every guest kernel on every MMU
that its KVM has; the number of processors and the way in alternate. `./lab test --all --host H -k matrix` runs one
host's rows; the page keeps what earlier runs on the same machine found.

Run {dates}. {passed} passed, {failed} failed, {rest} not run.

| host | its Linux | guest's Linux | its pages | MMU | vCPUs | way in | commit | | |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
"""
TAIL = """
Big-endian guests: SLOF in each row that has it, the bare-metal payloads (`tests/integration/test_payloads.py`), and
the kernel `6.1-be`, a small one that the lab builds, as Debian has none (`./lab setup big-endian`, some 20 minutes);
its program answers on the disk and sums nothing. Its rows, and those of the host `pr` (`./lab setup pr`), are run where
the kernel is there.
"""


def line(row, found):
    words = [row.host, found.get("host", ""), found.get("guest", row.guest), row.pages(),
             row.mmu, str(row.cpus), "direct" if row.direct else "SLOF", found.get("commit", ""),
             found.get("outcome", "not run"), found.get("why", "")]
    return "| " + " | ".join(words) + " |\n"


def write():
    """Write the page from what is kept."""
    kept = results()
    ours = [(row, kept.get(str(row), {})) for row in rows()]
    ran = [found for _, found in ours if found.get("outcome") in ("passed", "failed")]
    if not ran:
        return
    passed = sum(found["outcome"] == "passed" for found in ran)
    dates = sorted({found["date"] for found in ran})
    head = HEAD.format(size=guest_images.DATA_SIZE, choice=len(CHOICE), dates=" to ".join(sorted({dates[0], dates[-1]})),
                       passed=passed, failed=len(ran) - passed, rest=len(ours) - len(ran))
    PAGE.write_text(head + "".join(line(row, found) for row, found in ours) + TAIL)
    say.step(f"wrote {PAGE.relative_to(paths.TOP)}")
