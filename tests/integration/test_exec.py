"""Commands in real guests, by the parts of lparun-ci exec: the initrd is made here, the guest runs on the host, and
what it left on the disk of results is read here."""

import pathlib
import shlex
import subprocess

import pytest

from lab import guest_images, packages, paths, toolchain, trees

pytestmark = pytest.mark.one_host
TOOL = paths.NATIVE / "tests/unit/exec_by_hand"
LIMIT = 150
ROOM = 4 << 20    # it is copied to the host and back
BARE = ["-mabi=elfv2", "-mno-altivec", "-mno-vsx", "-nostdlib", "-no-pie", "-ffreestanding", "-fno-stack-protector"]


def init(order):
    built = [folder / f"lparun-init-{order}" for folder in (paths.PPC64LE, paths.NATIVE)]
    return next(path for path in built if path.exists())


class Exec:
    def __init__(self, host, log, name):
        self.host, self.log = host, log
        self.folder, self.inside = host.folder / name, f"{host.inside}/{name}"
        self.folder.mkdir()

    def make(self, kernel, order, options, command):
        done = subprocess.run([TOOL, "make", self.folder, kernel, f"init={init(order)}", f"room={ROOM}", *options, "--",
                               *command],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert done.returncode == 0, done.stdout
        words = done.stdout.replace(str(self.folder), self.inside).splitlines()
        append = words.index("-append") + 1
        words[append] += " console=hvc0"
        return words

    def run(self, kernel, order, options, command, bios="none"):
        """lparun's exit status, the console, and what came."""
        words = self.make(kernel, order, options, command)
        there = str(kernel).replace(str(trees.kernel(guest_images.KERNEL).parent), self.host.cache)
        lparun = [f"{self.host.here}/ppc64le/lparun", "-bios", bios, "-m", "1G", "-kernel", there, *words]
        # The disk is in the host's own memory while the guest runs: a shared folder is no place for it.
        result = self.host.run(
            f"cp {self.inside}/exec-disk {self.host.scratch}/exec-disk\n"
            f"{shlex.join(lparun).replace(self.inside + '/exec-disk', self.host.scratch + '/exec-disk')} </dev/null\n"
            f"status=$?\ncp {self.host.scratch}/exec-disk {self.inside}/exec-disk\nexit $status", LIMIT)
        self.log.add("console", result.output)
        shown = subprocess.run([TOOL, "show", self.folder, self.folder / "got"], stdout=subprocess.PIPE, text=True,
                               check=True).stdout
        self.log.add("results", shown)
        return result.status, result.text, shown.splitlines()


def debian():
    """Its kernel, and options for its modules and for Debian's programs."""
    tree, root = trees.kernel(guest_images.KERNEL), trees.root()
    return tree / "vmlinux", [f"root={root}", f"modules={tree / 'modules'}"]


@pytest.mark.limit(300)
def test_command(host, log, tmp_path):
    """A script, a dynamic program, files in and out, orphans; its status."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in/data").write_text("from the host\n")
    kernel, options = debian()
    options += [f"file=/srv={tmp_path}/in", "program=strace", "collect=/out", "collect=/proc/version", "env=A=b c"]
    line = ("echo $A; cat /srv/data; strace -V | head -n 1; uname -m; mkdir /out; cp /srv/data /out/copy;"
            "grep -c virtio /proc/interrupts >/out/count; echo oops >&2; sleep 1000 & exit 7")
    status, _, shown = Exec(host, log, "exec-command").run(kernel, "little", options, ["busybox", "sh", "-c", line])
    assert status == 0
    output = "".join(text[7:] for text in shown if text.startswith("output "))
    assert output == "b c\\nfrom the host\\nstrace -- version 6.1\\nppc64le\\n"
    assert "errors oops\\n" in shown
    assert shown[-1] == "status 7, lost 0"
    got = host.folder / "exec-command/got"
    assert (got / "out/copy").read_text() == "from the host\n"
    assert (got / "proc/version").read_text().startswith("Linux version 6.12")
    assert f"kernel {(got / 'proc/version').read_text().split()[2]}" in shown


@pytest.mark.limit(300)
@pytest.mark.skipif(guest_images.why_no_big_endian() != "", reason=guest_images.why_no_big_endian())
def test_big_endian(host, log):
    program = toolchain.build_tool(pathlib.Path(paths.TOP / "tests/lab/programs/words.c"), host.folder / "words-big",
                                   "-mbig", *BARE)
    status, _, shown = Exec(host, log, "exec-big").run(
        trees.kernel(packages.BIG_ENDIAN) / "vmlinux", "big", [f"file=/bin/words={program}", "collect=/proc/version"],
        ["/bin/words", "hello"])
    assert status == 0
    assert "output hello" in shown
    assert shown[-1] == "status 5, lost 0"
