"""What -machine, -cpu, -boot and -prom-env say is what the guest gets on this host, or is refused by name."""

import re
import shlex
import time

import pytest

from lab import device_tree, guest, guest_images, refusals

LIMIT = 240
PROMPT = b"0 > "          # SLOF's
QEMU = "IBM pSeries (emulated by qemu)"


def program(host, name="lparun"):
    """lparun by another name, as a link."""
    path = f"{host.scratch}/{name}"
    host.run(f"ln -sf {host.here}/ppc64le/lparun {path}", 20)
    return path


def dump(host, options, name="lparun"):
    """(status, text) of lparun, which writes the guest's device tree and ends."""
    result = host.run(f"{program(host, name)} -bios {host.cache}/{guest_images.SLOF} -nographic"
                      f" -machine dumpdtb={host.inside}/tree {options}", 60)
    return result.status, result.text.strip()


def tree(host, log, options, **more):
    """{(path, property): bytes} of the tree that the guest would start with."""
    status, text = dump(host, options, **more)
    log.add(options, text)
    assert status == 0, text
    found = device_tree.properties((host.folder / "tree").read_bytes())
    return {(path, name): value for path, name, value in found}


def text_of(value):
    return value.rstrip(b"\0").decode()


def cpu_of(found):
    return next(path for path, name in found if name == "ibm,ppc-interrupt-server#s")


@pytest.mark.one_host
def test_model(host, log):
    """Scripts look for QEMU's words under QEMU's name."""
    assert text_of(tree(host, log, "-m 512M")["/", "model"]) == "lparun pseries"
    found = tree(host, log, "-m 512M -M pseries,host-model=there,host-serial=none", name="qemu-system-ppc64")
    assert text_of(found["/", "model"]) == QEMU
    assert text_of(found["/", "host-model"]) == "there"
    assert ("/", "host-serial") not in found


DISKS = (" -drive file={disk},if=none,id=a,format=raw,readonly=on -device virtio-blk-pci,addr=3,drive=a{a}"
         " -drive file={disk},if=virtio,format=raw,readonly=on")
BOOTS = [  # -boot, what the first device has, the boot list, the boot device
    ("", "", ["scsi@3", "scsi@0"], None),
    ("-boot c", "", None, "c"),
    ("-boot order=dc,once=n", "", None, "n"),
    ("-boot strict=on", "", None, None),
    ("-boot strict=on", ",bootindex=1", ["scsi@3", "HALT"], None),
    ("-boot d,menu=on", ",bootindex=2", ["scsi@3"], "d"),
]


@pytest.mark.one_host
def test_boot_order(host, log):
    """/chosen as QEMU's is: a list of what has a bootindex, or letters."""
    disk = f"{host.scratch}/boot.img"
    host.run(f"truncate -s 1M {disk}", 20)
    for boot, first, paths, letters in BOOTS:
        found = tree(host, log, f"-m 512M {boot}" + DISKS.format(disk=disk, a=first))
        listed = found.get(("/chosen", "qemu,boot-list"))
        names = [path.split("/")[-1] for path in text_of(listed).split()] if listed else None
        assert (sorted(names) if names else None) == (sorted(paths) if paths else None), boot
        device = found.get(("/chosen", "qemu,boot-device"))
        assert (text_of(device) if device else None) == letters, boot
        assert (("/chosen", "qemu,boot-menu") in found) == ("menu" in boot)


@pytest.mark.one_host
def test_capabilities_in_the_tree(host, log):
    found = tree(host, log, "-m 512M")
    cpu = cpu_of(found)
    assert (cpu, "ibm,dec-bits") in found and (cpu, "ibm,dfp") in found
    assert found[cpu, "ibm,vmx"] == b"\0\0\0\2"
    assert ("/rtas", "ibm,nmi-register") in found
    found = tree(host, log, "-m 512M -smp 2 -M cap-large-decr=off,cap-dfp=off,cap-vsx=off,cap-fwnmi=off,vsmt=8")
    assert (cpu, "ibm,dec-bits") not in found and (cpu, "ibm,dfp") not in found
    assert found[cpu, "ibm,vmx"] == b"\0\0\0\1"
    assert ("/rtas", "ibm,nmi-register") not in found and ("/rtas", "ibm,nmi-interlock") not in found
    servers = sorted(value for (path, name), value in found.items() if name == "ibm,ppc-interrupt-server#s")
    assert servers == [b"\0\0\0\0", b"\0\0\0\x08"]


REFUSED = [  # what a host on TCG, a POWER9's partition, has not
    ("-M cap-cfpc=fixed", "-machine cap-cfpc=fixed: this host's KVM has broken; give that, or leave it out"),
    ("-M cap-ibs=fixed-ccd,cap-ccf-assist=on",
     "-machine cap-ibs=fixed-ccd: this host's KVM has fixed-na; give that, or leave it out\n"
     "lparun: -machine cap-ccf-assist=on: this host's KVM has off; give that, or leave it out"),
    ("-cpu power10", "-cpu power10: this host has a power9, and its KVM makes of it"),
    ("-accel kvm,device=/dev/null", "/dev/null: not a KVM device"),
    ("-M kvm-type=PR", "-machine kvm-type=PR: this host's KVM has no PR (module kvm-pr); leave it out"),
    ("-M resize-hpt=disabled,cap-dawr1=on", "-machine cap-dawr1=on: this host's KVM has no second watchpoint register"),
]


@pytest.mark.on("nested")
def test_refused(host, log):
    """By name, with what the host has."""
    for options, message in REFUSED:
        status, text = dump(host, f"-m 512M {options}")
        log.add(options, text)
        assert (status, text.startswith(f"lparun: {message}")) == (1, True), text


def boot(host, log, *words, **more):
    """Boots a guest to its end; returns its console."""
    setup = guest.Setup(memory="512M", disk=False, kernel=True,
                        append="console=hvc0 loglevel=8 lab.job=off", extra=words, **more)
    result = guest.Guest(host, setup).run(LIMIT)
    log.add(shlex.join(words), result.output)
    refusals.skip(host, result)
    assert (result.status, result.late) == (0, False)
    return result.text


@pytest.mark.one_host
def test_published_words(host, log):
    """A machine as QEMU's own test of KVM asks for it, with a processor's name in capital letters."""
    text = boot(host, log, "-machine", "pseries-9.2,accel=kvm:tcg", "-machine", "cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken",
                "-machine", "cap-ccf-assist=off,cap-large-decr=off,cap-ail-mode-3=off", "-cpu", "POWER9", "-boot", "c",
                "-accel", "kvm", "-accel", "tcg", "-smp", "2,maxcpus=4,sockets=4", "-m", "size=524288k,slots=2,maxmem=1G",
                "-overcommit", "mem-lock=on-fault")
    assert "guest: cpu POWER9" in text
    assert "lparun: warning: -smp maxcpus=4" in text and "lparun: warning: -m maxmem=" in text
    assert not re.search(r"WARNING: CPU", text)


@pytest.mark.short("powernv9")
def test_power8(host, log):
    """What KVM makes of a newer processor."""
    text = boot(host, log, "-cpu", "POWER8")
    assert "guest: cpu POWER8 (architected)" in text and "MMU Hash" in text


@pytest.mark.one_host
def test_variables(host, log):
    """SLOF finds what -prom-env says, and stays at its prompt."""
    words = ("-prom-env", "auto-boot?=false", "-prom-env", "boot-file=from-prom-env")
    run = guest.Guest(host, guest.Setup(memory="256M", disk=False, extra=words))
    run.prepare()
    job = host.spawn(run.script(), LIMIT, fed=True)
    end = time.monotonic() + 100

    def seen(text, count=1):
        while job.output().count(text) < count and time.monotonic() < end and not job.ended.wait(0.2):
            pass
        return job.output().count(text) >= count

    prompt = seen(PROMPT)
    job.feed(b"printenv boot-file\r")
    asked = prompt and seen(PROMPT, 2)
    host.run(f"kill -TERM {host.lparun()}", 20)
    result = job.wait()
    log.add("console", result.output)
    assert asked
    assert b"No NVRAM common partition" not in result.output
    assert result.output.count(b"from-prom-env") == 1
    assert b"Trying to load" not in result.output
