"""One guest under lparun on a host: its command line, its run, and what it left behind."""

import dataclasses
import hashlib
import itertools
import json
import secrets
import shlex

from lab import guest_images

LIMIT = 200               # seconds for one guest, from firmware to power-off
numbers = itertools.count(1)


@dataclasses.dataclass
class Setup:
    """What to start a guest with; the defaults are the demo."""
    memory: str = "2G"
    firmware: bool = True         # else the kernel starts at once, and kernel must be True
    disk: bool = True
    debian: str = ""              # a release of debian.RELEASES, whose root disk is the disk
    kernel: bool = False          # -kernel and -initrd instead of GRUB's
    vmlinux: str = f"kernel-{guest_images.KERNEL}/vmlinux"    # these two are in the cache
    initrd: str = "guest-initrd/initrd"
    append: str = guest_images.COMMAND_LINE
    aio: str = ""                 # lparun's default if empty
    cache_mode: str = "none"
    readonly: bool = False
    ci_hcalls: str = ""
    extra: tuple = ()             # further arguments


class Guest:
    """prepare() makes the disk, start() a job, collect() fetches disk and statistics."""

    def __init__(self, host, setup=None):
        self.host = host
        self.setup = setup or Setup()
        number = next(numbers)
        self.folder = host.folder / f"guest-{number}"
        self.inside = f"{host.inside}/guest-{number}"
        self.scratch = f"{host.scratch}/guest-{number}"
        self.disk = f"{self.scratch}/disk.img"
        self.stats_file = f"{self.inside}/stats.json"
        self.nonce = secrets.token_hex(16)
        self.folder.mkdir()

    def prepare(self):
        if self.setup.disk and not self.setup.debian:
            guest_images.disk()  # long there, or not to be had
        script = f"mkdir -p {self.scratch}\n"
        if self.setup.debian:
            script += f"cp {self.host.cache}/debian-{self.setup.debian}/disk.img {self.disk}\n"
        elif self.setup.disk:
            script += (f"cp {self.host.cache}/guest-disk/disk.img {self.disk}\n"
                       f"printf %s {self.nonce} | dd of={self.disk} bs=1M "
                       f"seek={guest_images.NONCE_AT} conv=notrunc 2>/dev/null\n")
        result = self.host.run("set -e\n" + script, 60)
        assert result.status == 0, f"preparing the guest failed:\n{result.text}"

    def command(self):
        """lparun's command line as a list."""
        setup, cache = self.setup, self.host.cache
        words = [f"{self.host.here}/ppc64le/lparun", "-m", setup.memory, "-nographic"]
        words += ["-bios", f"{cache}/{guest_images.SLOF}" if setup.firmware else "none"]
        if setup.kernel:
            words += ["-kernel", f"{cache}/{setup.vmlinux}", "-initrd", f"{cache}/{setup.initrd}",
                      "-append", setup.append]
        words += self.disk_options()
        if setup.ci_hcalls:
            words += ["-ci-hcalls", setup.ci_hcalls]
        return [*words, "-stats", self.stats_file, *setup.extra]

    def disk_options(self):
        """The disk on an iothread; QEMU takes the same words."""
        setup = self.setup
        if not setup.disk:
            return []
        cache_mode = setup.cache_mode if self.host.direct_io else "writeback"
        drive = f"file={self.disk},if=none,id=d0,format=raw,cache={cache_mode}"
        drive += f",aio={setup.aio}" if setup.aio else ""
        drive += ",readonly=on" if setup.readonly else ""
        return ["-object", "iothread,id=io0", "-drive", drive,
                "-device", "virtio-blk-pci,drive=d0,iothread=io0"]

    def script(self):
        return "exec " + shlex.join(self.command())

    def start(self, limit=LIMIT, fed=False):
        return self.host.spawn(self.script(), limit, fed)

    def run(self, limit=LIMIT, stream=None):
        """prepare, start, wait and collect; returns the job's Result."""
        self.prepare()
        result = self.start(limit).wait(stream)
        self.collect()
        return result

    def run_until(self, needle, count, limit=LIMIT):
        """Start; end lparun when the console has shown needle so often. Returns whether it has, and the Result."""
        job = self.start(limit)
        while not (seen := job.output().count(needle) >= count) and not job.ended.wait(0.2):
            pass
        self.host.run(f"kill -TERM {self.host.lparun()}", 20)
        return seen, job.wait()

    def collect(self):
        """Fetch the block that the guest wrote; free the disk's memory on the host."""
        script = ""
        if self.setup.disk and not self.setup.debian:
            script = (f"dd if={self.disk} of={self.inside}/answer bs=1M "
                      f"skip={guest_images.ANSWER_AT} count=1 2>/dev/null\n")
        self.host.run(script + f"rm -rf {self.scratch}", 60)

    def answered(self):
        """Whether the image has the block that only this run's guest can have written."""
        try:
            answer = (self.folder / "answer").read_bytes()
        except FileNotFoundError:
            return False
        return answer.startswith(f"guest answers {self.nonce}\n".encode())

    def stats(self):
        """What -stats wrote, or None."""
        try:
            return json.loads((self.folder / "stats.json").read_text())
        except (FileNotFoundError, ValueError):
            return None


def disk_sha256():
    """The host's own SHA-256 of the disk's data area."""
    mib = guest_images.MIB
    with open(guest_images.disk(), "rb") as image:
        image.seek(guest_images.DATA_AT * mib)
        return hashlib.sha256(image.read(guest_images.DATA_SIZE * mib)).hexdigest()
