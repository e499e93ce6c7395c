"""The numbers by which a guest knows the machine: they are for good, whatever is added to it."""

import pytest

from lab import device_tree, guest_images, paths

RECORDED = paths.TOP / "tests/integration/numbers.txt"
# What a guest keeps: where things are, how they are called and by what they interrupt.
NAMES = {"reg", "interrupts", "interrupt-ranges", "ranges", "ibm,msi-ranges", "ibm,pe-total-#msi", "interrupt-map",
         "ibm,dma-window", "bus-range", "#address-cells", "#size-cells", "#interrupt-cells", "phandle"}
OTHERS = {"rtas-size", "rtas-error-log-max", "rtas-event-scan-rate"}


def is_number(path, name, value):
    return name in NAMES or (path == "/rtas" and len(value) == 4 and name not in OTHERS)


def numbers(host, options):
    result = host.run(f"{host.here}/ppc64le/lparun -bios {host.cache}/{guest_images.SLOF} "
                      f"-nographic -machine dumpdtb={host.inside}/tree {options}", 60)
    assert result.status == 0 and not result.text, result.text
    tree = (host.folder / "tree").read_bytes()
    return [f"{path} {name} {device_tree.cells(value)}" for path, name, value in device_tree.properties(tree)
            if is_number(path, name, value)]


@pytest.mark.one_host
def test_numbers(host, log):
    """Of the default machine, and with disks: the same."""
    now = numbers(host, "-m 512M")
    log.add("numbers", "\n".join(now))
    assert now == RECORDED.read_text().splitlines()
    (host.folder / "disk").write_bytes(bytes(1 << 20))
    drive = f"-drive file={host.inside}/disk,format=raw,readonly=on,if="
    assert numbers(host, f"-m 512M {drive}virtio {drive}none,id=d -device virtio-blk-pci,drive=d,addr=5") == now
