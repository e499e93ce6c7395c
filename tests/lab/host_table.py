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
    module: str = "kvm-hv"


def pseries(name, cpu, kernel="6.12-4k"):
    machine = ["-M", f"pseries,cap-nested-hv=on,{NO_MITIGATIONS}", "-cpu", cpu, "-nodefaults"]
    return HostKind(name, machine, kernel, [])


def powernv(name, machine, cpu, kernel):
    # -nodefaults would take the PCI host bridges away. One device fits on each.
    return HostKind(name, ["-M", machine, "-cpu", cpu, "-net", "none"], kernel,
                    ["pcie.0", "pcie.1", "pcie.2"])


HOSTS = {kind.name: kind for kind in [
    pseries("nested", "power9"),
    pseries("nested10", "power10"),
    pseries("nested-64k", "power9", "6.12-64k"),
    pseries("nested-6.1", "power9", "6.1-64k"),
    powernv("powernv9", "powernv9", "power9", "6.12-4k"),
    powernv("powernv10", "powernv10", "power10", "6.12-4k"),
    # KVM's XIVE needs pages of 64 KiB behind a guest.
    powernv("powernv9-64k", "powernv9", "power9", "6.12-64k"),
    powernv("powernv10-64k", "powernv10", "power10", "6.12-64k"),
    powernv("powernv9-6.1", "powernv9", "power9", "6.1-64k"),
    powernv("powernv8", "powernv8", "power8", "6.12-64k"),
    # A partition whose KVM needs no hypervisor mode. PR takes no transactional memory from its host.
    HostKind("pr", ["-M", f"pseries,cap-htm=off,{NO_MITIGATIONS}", "-cpu", "power8", "-nodefaults"],
             "6.1-pr", [], module="kvm-pr"),
]}


def kind(name):
    if name not in HOSTS:
        raise LabError(f"no host {name!r}; there are: {', '.join(HOSTS)}")
    return HOSTS[name]
