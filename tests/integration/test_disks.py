"""Disks as QEMU's lines give them: SLOF reads each, and one of another format never gets to a guest."""

import json

import pytest

from lab import guest_images

LIMIT = 300

# SLOF looks for something to start from on each, finds nothing, and asks.
SCRIPT = """
cd {scratch}
for name in a b c d; do truncate -s 1M $name.disk; done
TMPDIR={scratch} {here}/ppc64le/lparun -bios {cache}/{slof} -m 512M -nodefaults a.disk -cdrom b.disk \\
    -blockdev '{{"driver":"file","filename":"c.disk","node-name":"file0","auto-read-only":true,"discard":"unmap"}}' \\
    -blockdev '{{"node-name":"disk0","read-only":false,"driver":"raw","file":"file0"}}' \\
    -device '{{"driver":"virtio-blk-pci","bus":"pci.0","addr":"0x7","drive":"disk0","id":"json","romfile":""}}' \\
    -drive file=d.disk,if=none,id=words,driver=raw,file.locking=off,snapshot=on \\
    -device virtio-blk,drive=words,id=words,scsi=off,disable-legacy=on,event_idx=off,indirect_desc=off,bootindex=1 \\
    -stats {inside}/disks.json </dev/null >disks.out 2>disks.err &
lparun=$!
while ! grep -q "^0 >\\|Type 'boot'" disks.out && kill -0 $lparun 2>/dev/null; do sleep 0.2; done
kill -TERM $lparun
wait $lparun
echo "status $?"
cat disks.err disks.out
rm ?.disk
"""


@pytest.mark.one_host
def test_slof_reads_each(host, log):
    script = SCRIPT.format(here=host.here, cache=host.cache, slof=guest_images.SLOF, scratch=host.scratch,
                           inside=host.inside)
    result = host.run(script, LIMIT)
    text = result.text.replace("\r", "")
    log.add("console", text)
    assert not result.late and text.startswith("status 143\n")
    warning = text.splitlines()[1]
    assert warning.startswith("lparun: warning: disk image file=a.disk and -cdrom file=b.disk: virtio (vda), "), warning
    # bootindex, then QEMU's SCSI disk, then the others, its CD-ROM last.
    tried = [line.split("from:")[1].split()[0] for line in text.splitlines() if "Trying to load" in line and "from:" in line]
    slots = [path.rpartition("@")[2] for path in tried if "/scsi@" in path]
    assert slots[:4] == ["0", "1", "7", "2"], tried
    disks = json.loads((host.folder / "disks.json").read_text())["disks"]
    assert {disk["name"] for disk in disks} == {"json", "words", "virtio-blk2", "virtio-blk3"}
    assert all(disk["reads"] > 0 and disk["errors"] == 0 for disk in disks), disks


QCOW2 = r"QFI\373\000\000\000\003"
AS_RAW = "is a qcow2 image, which a guest would overwrite as a raw disk; convert it (qemu-img convert -O raw FILE NEW), " \
         "or add force-raw=on if a guest itself wrote that"
LINES = {
    "-hda x.qcow2": "-hda file=x.qcow2: ",
    "x.qcow2": "disk image file=x.qcow2: ",
    "-drive file=x.qcow2,if=virtio,format=raw": "-drive file=x.qcow2: ",
    "-blockdev raw,node-name=d,file.filename=x.qcow2 -device virtio-blk,drive=d": "-blockdev file=x.qcow2: ",
    "-pflash x.qcow2": "-drive if=pflash,file=x.qcow2: ",
}


@pytest.mark.one_host
def test_other_formats_are_refused(host, log):
    """In one go, before there is a guest; said to be raw by the one who knows, it gets there."""
    lparun = f"{host.here}/ppc64le/lparun -bios {host.here}/ppc64le/tests/guest/clock-be.bin -m 256M"
    script = f"cd {host.scratch}\nprintf '{QCOW2}' >x.qcow2\ntruncate -s 256K x.qcow2\n"
    for line in LINES:
        script += f"{lparun} {line} </dev/null 2>&1 | grep -v warning:\n"
    script += (f"{lparun} -drive file=x.qcow2,if=virtio,format=raw,force-raw=on </dev/null >/dev/null 2>&1\n"
               f"echo \"status $?\"\nhead -c 4 x.qcow2 | od -An -tx1\n")
    result = host.run(script, 120)
    log.add("output", result.text)
    wanted = [f"lparun: {head}{AS_RAW}" for head in LINES.values()]
    assert result.text.splitlines() == wanted + ["status 0", " 51 46 49 fb"]
