"""The guest's first program for lparun-ci exec, run on this machine: in namespaces of its own it is process 1, too."""

import functools
import os
import pathlib
import shlex
import struct
import subprocess

import pytest

from lab import paths

pytestmark = pytest.mark.quick
TOOL = paths.NATIVE / "tests/unit/exec_by_hand"
INIT = paths.NATIVE / "lparun-init-here"
MIB = 1 << 20
LIMIT = 30
UNSHARE = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount", "--net"]
FOLDERS = ["usr", "bin", "sbin", "lib", "lib64"]


@functools.cache
def disk_name():
    """A block device that this machine has, and whose place in /dev a file may take; or nothing."""
    names = sorted(os.listdir("/sys/block")) if os.path.isdir("/sys/block") else []
    return next((name for name in names if not os.path.exists(f"/sys/block/{name}/serial")), None)


@functools.cache
def why_not():
    if not INIT.exists():
        return "it is built for the tests on x86-64 alone"
    done = subprocess.run([*UNSHARE, "sh", "-c", "mount -t sysfs sysfs /sys && mount -t proc proc /proc"],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        return f"no namespaces here: {done.stdout.strip()}"
    return "" if disk_name() else "no block device whose place can be taken"


@pytest.fixture(autouse=True)
def namespaces():
    if why_not():
        pytest.skip(why_not())


class Guest:
    def __init__(self, folder, size=MIB):
        self.root, self.shown = folder / "root", folder / "shown"
        for name in (".lparun-ci", "dev", "proc", "sys"):
            (self.root / name).mkdir(parents=True)
        for name in FOLDERS:
            here = pathlib.Path("/", name)
            if here.is_symlink():
                (self.root / name).symlink_to(os.readlink(here))
            elif here.is_dir():
                (self.root / name).mkdir()
        (self.root / "dev/null").touch()
        (self.root / ".lparun-ci/init").write_bytes(INIT.read_bytes())
        (self.root / ".lparun-ci/init").chmod(0o755)
        self.disk = self.root / "dev" / disk_name()
        self.shown.mkdir()
        start = b"lparun-ci results 1\n".ljust(24, b"\0") + struct.pack(">Q", size)
        self.disk.write_bytes(start.ljust(size, b"\0"))

    def start(self, program, *arguments, env=("PATH=/nowhere:/bin",), **more):
        """Records of the order: p, a, e, d (directory), c (collect), m (module)."""
        records = [("p", program), *(("a", word) for word in arguments), *(("e", text) for text in env)]
        records += [(letter, text) for letter, texts in more.items() for text in texts]
        (self.root / ".lparun-ci/order").write_bytes(b"".join(
            letter.encode() + os.fsencode(text) + b"\0" for letter, text in records))
        mounts = [f"mount --rbind /{name} {self.root}/{name}" for name in FOLDERS
                  if (self.root / name).is_dir() and not (self.root / name).is_symlink()]
        script = " && ".join([*mounts, f"mount --bind /dev/null {self.root}/dev/null",
                              f"exec chroot {shlex.quote(str(self.root))} /.lparun-ci/init"])
        subprocess.run([*UNSHARE, "sh", "-c", script], stdin=subprocess.DEVNULL, timeout=LIMIT,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return self.results()

    def run(self, line, **more):
        return self.start("sh", "sh", "-c", line, **more)

    def results(self):
        """[(what, text)] of what is on the disk; the kernel's name comes first, and is left out."""
        (self.shown / "exec-disk").write_bytes(self.disk.read_bytes())
        done = subprocess.run([TOOL, "show", self.shown, self.shown / "got"], stdout=subprocess.PIPE,
                              text=True, check=True)
        lines = [tuple(line.split(" ", 1)) if " " in line else (line, "") for line in done.stdout.splitlines()]
        return lines[1:] if lines[:1] == [("kernel", os.uname().release)] else lines


@pytest.fixture
def guest(tmp_path):
    return Guest(tmp_path)


def words(results, what):
    return "".join(text for kind, text in results if kind == what).replace("\\n", "\n")


# A line for sh: its end, its output, what it says on standard error.
LINES = {
    "true": ("exit 0", "status 0", "", ""),
    "status": ("echo out; echo err >&2; exit 200", "status 200", "out\n", "err\n"),
    "signal": ("echo before; kill -9 $$", "signal 9", "before\n", ""),
    "segv": ("kill -SEGV $$", "signal 11", "", ""),
    "no-input": ("cat; read x || echo end", "status 0", "end\n", ""),
    "background": ("sleep 1000 & setsid sleep 1000 & echo done", "status 0", "done\n", ""),
    "deaf": ("(trap '' TERM INT HUP; setsid sleep 1000) & echo done; exit 5", "status 5", "done\n", ""),
    "orphans": ("for i in 1 2 3; do (sleep 0.05 &) & done; sleep 0.3; grep -l '^State:.Z' /proc/[0-9]*/status; echo end",
                "status 0", "end\n", ""),
    "closed": ("exec >&- 2>&-; sleep 0.1; exit 4", "status 4", "", ""),
    "mounts": ("for f in /proc/mounts /sys/block /tmp /run /dev/shm; do test -e $f || echo no $f; done; touch /run/a",
               "status 0", "", ""),
    "folder": ("pwd", "status 0", "/\n", ""),
    "session": ("ps -o pid=,sid= -p $$ | { read pid sid; test $pid = $sid && echo leads; }", "status 0", "leads\n", ""),
    "files": ("ls /proc/self/fd | wc -l", "status 0", "4\n", ""),
}


@pytest.mark.parametrize("name", LINES)
def test_line(name, guest):
    line, end, output, errors = LINES[name]
    results = guest.run(line)
    assert results[-1] == (end.split()[0], end.split()[1] + ", lost 0")
    assert (words(results, "output"), words(results, "errors")) == (output, errors)


def test_arguments_arrive_byte_for_byte(guest):
    arguments = ["", "a b", "two\nlines", "'\"$x`", os.fsdecode(b"\xff\xfe"), "-n"]
    results = guest.start("/usr/bin/printf", "printf", "<%s>", *arguments, env=["X=1"])
    assert words(results, "output") == "<><a b><two\nlines><'\\\"$x`><\\377\\376><-n>"


def test_variables_and_folder(guest):
    results = guest.run("echo $A; pwd", env=["PATH=/bin", "A=b c"], d=["/usr/bin"])
    assert words(results, "output") == "b c\n/usr/bin\n"


def test_order_of_both_outputs(guest):
    results = guest.run("for i in 1 2 3; do echo o$i; sleep 0.05; echo e$i >&2; sleep 0.05; done")
    assert [text for kind, text in results if kind in ("output", "errors")] == [
        f"{letter}{i}\\n" for i in (1, 2, 3) for letter in "oe"]


def test_more_output_than_room(guest):
    results = guest.run("yes | tr '\\n' y | head -c 3000000; exit 9")
    kind, text = results[-1]
    status, lost = text.split(", lost ")
    assert (kind, status) == ("status", "9")
    kept = len(words(results, "output"))
    assert kept + int(lost) == 3000000
    assert 0.85 * MIB < kept < MIB


# What cannot run, and what is said.
FAULTS = {
    "none": (lambda root: None, ["nothing-there"], "nothing-there: no such program in the guest"),
    "no-path": (lambda root: None, ["/bin/none"], "/bin/none: no such program in the guest"),
    "garbage": (lambda root: b"garbage", ["/x"], "/x: nothing that this kernel can run: CONFIG_BINFMT_ELF"),
    "interpreter": (lambda root: b"#!/none/sh\n", ["/x"], "/x: its interpreter is not in the guest"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_fault(name, guest):
    content, command, fault = FAULTS[name]
    if content(guest.root):
        (guest.root / "x").write_bytes(content(guest.root))
        (guest.root / "x").chmod(0o755)
    assert guest.start(command[0], *command)[-1] == ("fault", fault)


def test_folder_that_is_not_there(guest):
    assert guest.run("true", d=["/none"])[-1] == ("fault", "/none: no such folder in the guest")


def test_module_that_is_none(guest):
    """It ends before the disk is found: the console alone is told."""
    (guest.root / "m.ko").write_bytes(b"no module")
    (guest.root / "dev/console").touch()
    assert guest.run("true", m=["/m.ko"]) == []
    assert (guest.root / "dev/console").read_text() in (
        "\nlparun-ci: /m.ko: not permitted\n", "\nlparun-ci: the kernel loads no modules: CONFIG_MODULES\n")


def test_collect(guest):
    results = guest.run("mkdir -p /w/a/b; echo one >/w/a/one; yes | head -c 200000 >/w/a/b/big; ln -s /etc /w/link;"
                        "mkfifo /w/pipe; chmod 755 /w/a/one; touch /w/empty",
                        c=["/w", "/proc/version", "/none", "/w/a/../a/one"])
    got = guest.shown / "got"
    assert (got / "w/a/one").read_text() == "one\n"
    assert (got / "w/a/b/big").read_bytes() == b"y\n" * 100000
    assert (got / "w/empty").read_bytes() == b""
    assert (got / "proc/version").read_text().startswith("Linux version")
    assert os.access(got / "w/a/one", os.X_OK) and not os.access(got / "w/a/b/big", os.X_OK)
    assert not os.path.lexists(got / "w/link") and not os.path.lexists(got / "w/pipe")
    left = sorted(text for kind, text in results if kind == "left")
    assert [text.split(":")[0] for text in left] == ["/none", "/w/a/../a/one"]
    assert ("status", "0, lost 0") in results


def test_all_is_ended_before_files_are_taken(guest):
    results = guest.run("sleep 1000 & setsid sleep 1000 & echo $$", c=[f"/proc/{number}/comm" for number in range(2, 200)])
    assert int(words(results, "output")) < 190
    assert not list(guest.shown.glob("got/proc/*/comm"))


def test_collect_more_than_room(guest):
    results = guest.run("yes | head -c 900000 >/big; echo x >/small; exit 2", c=["/big", "/small"])
    assert ("status", "2, lost 0") in results
    results = Guest(guest.root.parent / "other").run("yes | head -c 1100000 >/big; exit 2", c=["/big"])
    assert ("status", "2, lost 0") in results
    assert "no room for all of it" in words(results, "left")


def test_command_that_writes_to_the_disk(guest):
    """It can: it is root. It gets a bad result, and harms nobody."""
    results = guest.run(f"yes | head -c 100000 | dd of=/dev/{disk_name()} bs=4096 seek=1 conv=notrunc; exit 0")
    assert ("status", "0, lost 0") not in results
