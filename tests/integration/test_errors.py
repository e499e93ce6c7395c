"""What is wrong gives one line that names it, and exit status 2 (the user's) or 1 (the host's)."""

import os
import struct
import subprocess

import pytest

from lab import cache, guest_images, paths

USER, HOST = 2, 1
LIMIT = 30
pytestmark = pytest.mark.one_host
SLOF = f"-bios {{cache}}/{guest_images.SLOF}"

# name: arguments, exit status, words of the message
CASES = {
    "short-slof": ("-bios {here}/short.bin", USER, ["-bios", "short.bin"]),
    "no-slof": ("-bios {here}/none.bin", USER, ["-bios", "none.bin"]),
    "no-firmware-no-kernel": ("-bios none", USER, ["-bios none", "-kernel"]),
    "no-firmware-text": ("-M firmware=none -kernel {here}/text", USER, ["-kernel", "text"]),
    "foreign-kernel": (SLOF + " -kernel {here}/foreign.elf", USER, ["-kernel", "foreign.elf"]),
    "kernel-is-text": (SLOF + " -kernel {here}/text", USER, ["-kernel", "text"]),
    "disk-is-folder": (SLOF + " -drive file={here},if=virtio,format=raw", USER, ["-drive", "{here}"]),
    "no-disk": (SLOF + " -drive file={here}/none.img,if=virtio,format=raw", USER,
                ["-drive", "none.img"]),
    "little-memory": (SLOF + " -m 16M", USER, ["-m", "16M"]),
    "memory-is-a-word": (SLOF + " -m much", USER, ["-m", "much"]),
    "memory-has-data": (SLOF + " -mem-path {here}/disk", USER, ["-mem-path", "data"]),
    "memory-of-no-folder": (SLOF + " -mem-path {here}/none/memory", USER, ["-mem-path"]),
    "memory-at-the-windows": (SLOF + " -m 33T", USER, ["-m", "33T", "32T"]),
    "too-much-prealloc": (SLOF + " -m 64G -mem-prealloc", HOST, ["-m", "65536 MiB", "-mem-prealloc"]),
    "too-large-a-folder": (SLOF + " -m 64G -mem-path /dev/shm", USER, ["-mem-path", "65536 MiB"]),
    "node-too-small": (SLOF + " -m 1G -numa node,mem=1000M -numa node,mem=24M", USER, ["-numa", "256M"]),
    "unknown-option": ("-frobnicate", USER, ["-frobnicate"]),
    "bad-ci-hcalls": ("-ci-hcalls perhaps", USER, ["-ci-hcalls", "perhaps"]),
    "bad-engine": (SLOF + " -drive file={here}/disk,if=virtio,format=raw,aio=warp", USER,
                   ["aio", "warp"]),
    "bad-format": (SLOF + " -drive file={here}/disk,if=virtio,format=qcow2", USER,
                   ["format", "qcow2"]),
    "no-such-drive": (SLOF + " -device virtio-blk-pci,drive=nothing", USER, ["-device", "nothing"]),
    "unknown-device": (SLOF + " -device frobnicator", USER, ["-device", "frobnicator"]),
    "stats-in-no-folder": (SLOF + " -stats {here}/none/stats.json", USER, ["-stats", "none"]),
}


def elf_header(machine):
    """A 64-bit little-endian ELF executable's header, with nothing behind it."""
    ident = b"\x7fELF\x02\x01\x01" + bytes(9)
    return ident + struct.pack("<HHIQQQIHHHHHH", 2, machine, 1, 0, 64, 0, 0, 64, 56, 0, 64, 0, 0)


@pytest.fixture
def files(host):
    """The folder with the wrong files, as the host sees it."""
    folder = host.folder / "wrong"
    if not folder.exists():
        folder.mkdir()
        (folder / "short.bin").write_bytes(b"\0" * 100)
        (folder / "foreign.elf").write_bytes(elf_header(62) + bytes(4096))  # x86-64
        (folder / "text").write_text("no kernel at all\n")
        (folder / "disk").write_bytes(bytes(1 << 20))
    return f"{host.inside}/wrong"


def check(result, status, words, log):
    log.add("output", result.output)
    assert not result.late, "it ran on"
    assert result.status == status
    assert len(result.text.strip().splitlines()) == 1, "not one line"
    for word in words:
        assert word in result.text, f"the message does not name {word}"


@pytest.mark.parametrize("case", CASES)
def test_error(host, files, case, log):
    arguments, status, words = CASES[case]
    names = {"here": files, "cache": host.cache}
    result = host.run(f"exec {host.here}/ppc64le/lparun -nographic {arguments.format(**names)}", LIMIT)
    check(result, status, [word.format(**names) for word in words], log)


HIDE = {
    "missing": ("mount -t tmpfs none /dev; touch /dev/null", ["/dev/kvm"]),
    "not-kvm": ("mount --bind /dev/zero /dev/kvm", ["/dev/kvm"]),
}


@pytest.mark.parametrize("how", HIDE)
def test_without_kvm(host, how, log):
    """In a mount namespace of its own, so that the host keeps its /dev/kvm."""
    if host.name == "local" and os.geteuid() != 0:
        pytest.skip("needs root to hide /dev/kvm")
    hide, words = HIDE[how]
    bios = SLOF.format(cache=host.cache)
    script = f"exec unshare -m sh -c '{hide}; exec {host.here}/ppc64le/lparun -nographic {bios}'"
    check(host.run(script, LIMIT), HOST, words, log)


@pytest.fixture
def foreign_kvm(tmp_path):
    """What makes the native lparun find another architecture's /dev/kvm: nothing where this machine has one."""
    if os.path.exists("/dev/kvm"):
        return {}
    library = tmp_path / "foreign_kvm.so"
    source = paths.TOP / "tests/lab/programs/foreign_kvm.c"
    subprocess.run(["gcc", "-shared", "-fPIC", "-Wall", "-Werror", "-o", str(library), str(source)], check=True)
    sanitizer = subprocess.run(["gcc", "-print-file-name=libasan.so"], stdout=subprocess.PIPE, text=True, check=True)
    return {"LD_PRELOAD": f"{sanitizer.stdout.strip()}:{library}"}


def test_foreign_kvm(foreign_kvm, log):
    """The native build beside another architecture's /dev/kvm."""
    if os.uname().machine.startswith("ppc64"):
        pytest.skip("this machine is POWER")
    bios = cache.path("emulator") / "usr/share/qemu/slof.bin"
    done = subprocess.run([str(paths.NATIVE / "lparun"), "-nographic", "-bios", str(bios)],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env={**os.environ, **foreign_kvm},
                          stderr=subprocess.STDOUT, timeout=LIMIT, text=True)
    log.add("output", done.stdout)
    assert done.returncode == HOST
    assert len(done.stdout.strip().splitlines()) == 1
    assert "/dev/kvm" in done.stdout and "not a POWER machine" in done.stdout


def test_version_and_help(host, log):
    for option in ("-version", "--help"):
        result = host.run(f"exec {host.here}/ppc64le/lparun {option}", LIMIT)
        log.add(option, result.output)
        assert result.status == 0
        assert b"lparun" in result.output
