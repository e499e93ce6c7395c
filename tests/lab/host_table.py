"""The emulated POWER hosts. What they have in common is in host.py."""

import dataclasses

from lab.failure import LabError

# TCG offers none of these mitigations; a pseries machine does not start while it promises them.
NO_MITIGATIONS = "cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,cap-ccf-assist=off"


@dataclasses.dataclass(frozen=True)
class HostKind:
    name: str
    machine: list          # QEMU's arguments
    kernel: str            # a key of packages.KERNELS or BUILT_KERNELS
    buses: list            # one per PCI device that the lab adds; empty: any
    has: tuple             # what its KVM can be asked for, by the words of lparun's -machine
    module: str = "kvm-hv"


NESTED9 = ("radix", "power9")
POWER8 = ("hash", "power8")
POWER9 = ("radix", "hash", "power8", "power9")
POWER10 = (*POWER9, "power10")


def pseries(name, cpu, has, kernel="6.12-4k"):
    machine = ["-M", f"pseries,cap-nested-hv=on,{NO_MITIGATIONS}", "-cpu", cpu, "-nodefaults"]
    return HostKind(name, machine, kernel, [], has)


def powernv(name, machine, cpu, kernel, has):
    # -nodefaults would take the PCI host bridges away. One device fits on each.
    return HostKind(name, ["-M", machine, "-cpu", cpu, "-net", "none"], kernel,
                    ["pcie.0", "pcie.1", "pcie.2"], has)


HOSTS = {kind.name: kind for kind in [
    pseries("nested", "power9", NESTED9),
    pseries("nested10", "power10", (*NESTED9, "power10")),
    pseries("nested-64k", "power9", NESTED9, "6.12-64k"),
    pseries("nested-6.1", "power9", NESTED9, "6.1-64k"),
    powernv("powernv9", "powernv9", "power9", "6.12-4k", POWER9),
    powernv("powernv10", "powernv10", "power10", "6.12-4k", POWER10),
    # KVM's XIVE needs pages of 64 KiB behind a guest.
    powernv("powernv9-64k", "powernv9", "power9", "6.12-64k", (*POWER9, "xive")),
    powernv("powernv10-64k", "powernv10", "power10", "6.12-64k", (*POWER10, "xive")),
    powernv("powernv9-6.1", "powernv9", "power9", "6.1-64k", (*POWER9, "xive")),
    powernv("powernv8", "powernv8", "power8", "6.12-64k", POWER8),
    # A partition whose KVM needs no hypervisor mode. PR takes no transactional memory from its host.
    HostKind("pr", ["-M", f"pseries,cap-htm=off,{NO_MITIGATIONS}", "-cpu", "power8", "-nodefaults"],
             "6.1-pr", [], ("hash",), module="kvm-pr"),
]}


def kind(name):
    if name not in HOSTS:
        raise LabError(f"no host {name!r}; there are: {', '.join(HOSTS)}")
    return HOSTS[name]
