"""The host kernel's own account of a guest's hypercalls: kvm_hv:kvm_hcall_enter and _exit, kvm:kvm_userspace_exit."""

import dataclasses
import re

TRACE = "/sys/kernel/tracing"
EVENTS = ("kvm_hv/kvm_hcall_enter", "kvm_hv/kvm_hcall_exit", "kvm/kvm_userspace_exit")
ENTER = re.compile(r"kvm_hcall_enter: .*hcall=(\w+) GPR4-7=(?:0x)?([0-9a-f]+),? ?(?:0x)?([0-9a-f]+)")
EXIT = re.compile(r"kvm_hcall_exit: .*ret=(\w+).*hcall_rc=(\w+)")
USER = re.compile(r"kvm_userspace_exit: reason (\w+)")

# Offsets in the virtio function's BAR 4 (virtio 1.2, 4.1.4.3; 5.2.4 for the disk's own from 0x2000 on).
BAR_SIZE = 0x4000
DOORBELL = "doorbell"
REGISTERS = {0x0014: "device_status", 0x0016: "queue_select", 0x001e: "queue_notify_off", 0x2000: "capacity, low",
             0x2004: "capacity, high", 0x2014: "blk_size", 0x3000: DOORBELL}


@dataclasses.dataclass
class Call:
    name: str
    register: str         # "" for calls that are not H_LOGICAL_CI_*
    resumed: str          # RESUME_GUEST, RESUME_HOST
    code: str             # H_SUCCESS, H_TOO_HARD, ...


def available(host):
    return host.run(f"ls {' '.join(f'{TRACE}/events/{event}/enable' for event in EVENTS)}", 20).status == 0


def start(host):
    enable = "; ".join(f"echo 1 >events/{event}/enable" for event in EVENTS)
    host.run(f"cd {TRACE}; echo 0 >tracing_on; echo 32768 >buffer_size_kb; echo >trace; {enable}; echo 1 >tracing_on", 60)


def stop(host, copy):
    """End tracing; the trace goes to the file of this name on the host."""
    disable = "; ".join(f"echo 0 >events/{event}/enable" for event in EVENTS)
    host.run(f"cd {TRACE}; echo 0 >tracing_on; {disable}; cat trace >{copy}; echo >trace; echo 1408 >buffer_size_kb", 120)


def register(call, address):
    return REGISTERS.get(address & (BAR_SIZE - 1), "other") if call.startswith("H_LOGICAL_CI_") else ""


def parse(text):
    """(hypercalls of the one vCPU in their order, {reason: userspace exits})"""
    calls, reasons, pending = [], {}, None
    for line in text.splitlines():
        if found := ENTER.search(line):
            pending = found.group(1), register(found.group(1), int(found.group(3), 16))
        elif (found := EXIT.search(line)) and pending:
            calls.append(Call(*pending, found.group(1), found.group(2)))
            pending = None
        elif found := USER.search(line):
            reasons[found.group(1)] = reasons.get(found.group(1), 0) + 1
    return calls, reasons
