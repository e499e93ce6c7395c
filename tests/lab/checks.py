"""What a run of the test guest must show, from its console, its disk and its statistics."""

import dataclasses
import re

from lab import guest_images

SHA_LINE = re.compile(rb"guest: sha256 ([0-9a-f]{64}) of (\d+) bytes read through /dev/vda")
# What a kernel says when it finds something wrong with itself or with the machine.
COMPLAINT = re.compile(
    r".*(?:WARNING|BUG|Oops|Call Trace|call FAILED|rcu: INFO|rcu_sched|soft lockup|hard LOCKUP|hung_task"
    r"|blocked for more than|[Uu]nsupported|not supported|Machine check|tainted).*")
# What is allowed all the same: a pattern for a part of the line, and why.
ALLOWED = {
    "EEH functionality not supported": "so it is: lparun's RTAS has none of EEH's calls, and Linux goes on without",
    "Failed to open libbpf": "systemd misses a library that the Debian root disks are without",
    "VPA registration for cpu .* failed with -2$": "KVM-PR has no H_REGISTER_VPA, which is what -2 says",
    "Machine check exceptions": "the line of /proc/interrupts that counts them",
    "Ignoring cmdline option disable_radix": "Linux takes what it was offered, as the command line of that test wants",
}
CI_HCALLS = ("H_LOGICAL_CI_LOAD", "H_LOGICAL_CI_STORE")


@dataclasses.dataclass
class Check:
    name: str
    ok: bool
    detail: str = ""

    def __str__(self):
        return f"  {'ok    ' if self.ok else 'FAILED'}  {self.name}" + (
            f": {self.detail}" if self.detail else "")


def status(result):
    detail = f"status {result.status}" + (", killed: out of time" if result.late else "")
    return Check("lparun ended by itself with status 0", result.status == 0 and not result.late, detail)


def seen(output, name, *needles):
    return Check(name, all(needle in output for needle in needles))


def firmware(output):
    return seen(output, "SLOF's banner", b"SLOF", b"Welcome to Open Firmware")


def grub(output):
    return seen(output, "GRUB's banner", b"GNU GRUB")


def kernel(output):
    return seen(output, "the kernel's first line", b"Linux version ")


def complaints(text):
    """The lines of a guest's log in which its kernel complains, less those that are allowed."""
    return [line.strip() for line in COMPLAINT.findall(text.replace("\r", ""))
            if not any(re.search(allowed, line) for allowed in ALLOWED)]


def silent(output):
    found = complaints(output.decode(errors="replace"))
    return Check("the kernel finds nothing to complain of", not found, "; ".join(found[:5]))


def sha(output, expected):
    """The guest's sum over at least 64 MiB is the host's."""
    found = SHA_LINE.search(output)
    if not found:
        return Check("the guest's SHA-256 of the data area", False, "no such line on the console")
    same = found.group(1).decode() == expected
    enough = int(found.group(2)) >= guest_images.DATA_SIZE * guest_images.MIB
    detail = "equal to the host's" if same else f"the host has {expected}"
    return Check("the guest's SHA-256 of the data area", same and enough,
                 f"{int(found.group(2)) >> 20} MiB, {detail}")


def answer(guest):
    return Check("the block that the guest wrote is on the host's image", guest.answered(),
                 f"nonce {guest.nonce}")


def rings(stats):
    """(doorbell rings, rings that needed userspace)"""
    bells = stats.get("doorbells", [])
    return sum(bell["fired"] for bell in bells), sum(bell["rung"] for bell in bells)


def ci_exits(stats):
    """How many of each H_LOGICAL_CI hypercall reached userspace."""
    return {name: stats.get("hypercalls", {}).get(name, 0) for name in CI_HCALLS}


def doorbells(stats, ci_hcalls):
    """With the hypercalls in the kernel no ring needs userspace; without, all of SLOF's do."""
    if not stats:
        return Check("statistics", False, "no file")
    fired, rung = rings(stats)
    if ci_hcalls == "user":
        return Check("SLOF's rings went through userspace", rung > 0, f"{rung} of {fired}")
    return Check("no ring needed userspace", fired > 0 and rung == 0, f"{rung} of {fired}")


def boot(guest, result, expected_sha):
    """All that holds for a guest that was to boot, sum the data area, answer and power off; no sum if it is None."""
    setup, output = guest.setup, result.output
    found = [status(result)]
    if setup.firmware:
        found.append(firmware(output))
    if setup.firmware and not setup.kernel:
        found.append(grub(output))
    found += [kernel(output), silent(output)]
    if setup.disk:
        found += [sha(output, expected_sha)] if expected_sha else []
        found.append(answer(guest))
        # Without SLOF on the way to the kernel, nobody uses the hypercalls to ring.
        if setup.ci_hcalls != "user" or not setup.kernel:
            found.append(doorbells(guest.stats(), setup.ci_hcalls or "kernel"))
    return found


def failures(found):
    return [check for check in found if not check.ok]
