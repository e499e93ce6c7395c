"""./lab stall: the same boot from disk three ways, one of which hangs in SLOF."""

import argparse
import dataclasses
import re

from lab import checks, guest, hosts, say, setup, toolchain

BOOT_LIMIT = 120          # seconds for SLOF to come to the disk, and for a good way to reach GRUB
HANG_LIMIT = 25           # seconds that the bad way gets from its first disk read on
WAYS = {
    "a": ("kernel", "hypercalls in the kernel", ("-ci-hcalls", "kernel")),
    "b": ("user", "in userspace, doorbells honoured", ("-ci-hcalls", "user")),
    "c": ("stall", "in userspace, doorbells left to the kernel", ("-x-demo-stall",)),
}


@dataclasses.dataclass
class Outcome:
    letter: str
    what: str
    booted: bool          # GRUB came from the disk
    last_line: str        # of the console
    stats: dict

    def where(self):
        """Where the vCPU stood at the end."""
        return self.stats["vcpus"][0]["pc"]


def console_lines(output):
    text = re.sub(rb"\x1b\[[0-9;?]*[A-Za-z]", b"", output).decode(errors="replace")
    return [line.strip() for line in text.replace("\r", "\n").split("\n") if line.strip()]


def run_way(host, letter):
    """Boot until GRUB shows itself or the time is over, then end lparun and read what it counted."""
    _, what, options = WAYS[letter]
    run = guest.Guest(host, guest.Setup(extra=options))
    run.prepare()
    job = run.start(BOOT_LIMIT + HANG_LIMIT + 20)
    reading = job.wait_for(b"Trying to load:", BOOT_LIMIT)
    booted = reading and job.wait_for(b"GNU GRUB", HANG_LIMIT if letter == "c" else BOOT_LIMIT)
    seen = console_lines(job.output())
    host.run(f"kill -TERM {host.lparun()}", 20)
    job.wait()
    run.collect()
    return Outcome(letter, what, booted, seen[-1] if seen else "nothing", run.stats())


def table(outcomes):
    print(f"\n{'':4}{'H_LOGICAL_CI_LOAD and _STORE':44}{'GRUB':>6}{'disk reads':>12}{'rings':>7}"
          f"{'by userspace':>14}{'CI stores in userspace':>24}")
    for outcome in outcomes:
        fired, rung = checks.rings(outcome.stats)
        reads = sum(disk["reads"] for disk in outcome.stats["disks"])
        store = checks.ci_exits(outcome.stats)["H_LOGICAL_CI_STORE"]
        print(f"({outcome.letter}) {outcome.what:44}{'yes' if outcome.booted else 'no':>6}{reads:>12}{fired:>7}"
              f"{rung:>14}{store:>24}")
    for outcome in outcomes:
        if not outcome.booted:
            print(f"\n({outcome.letter}) hangs in SLOF: its time was over at pc {outcome.where()}, real mode, polling "
                  f"the used ring of a disk read\n    (SLOF gives each read five seconds, fails it and polls for the "
                  f"next). The console's last line:\n    {outcome.last_line}\n"
                  "    Every store reached userspace, no eventfd fired, the iothread slept on.")


def as_expected(outcomes):
    """(a) and (b) boot, (c) does not read one byte."""
    return all(outcome.booted == (outcome.letter != "c") for outcome in outcomes) and all(
        checks.rings(outcome.stats)[0] == 0 for outcome in outcomes if outcome.letter == "c")


def command(arguments):
    parser = argparse.ArgumentParser(prog="lab stall")
    parser.add_argument("--host", default=hosts.default()[0])
    options = parser.parse_args(arguments)
    setup.for_guests(options.host)
    toolchain.build_ppc64le("lparun")
    outcomes = []
    with hosts.make(options.host) as host:
        for letter in WAYS:
            say.step(f"way ({letter}): {WAYS[letter][1]}")
            outcomes.append(run_way(host, letter))
    table(outcomes)
    return 0 if as_expected(outcomes) else 1
