"""lparun as it is installed: by meson into a folder, and as a Debian package on a host."""

import os
import re
import subprocess

import pytest

from lab import guest_images, hosts, package, packages, paths, qmp

pytestmark = pytest.mark.needs(make=package.build)
ROOT = "/tmp/installed"       # on the host
PATH = "PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8"
INSTALL_LIMIT = 150           # seconds
BOOT_LIMIT = 150
# The same on every machine: %s is its library folder.
PROGRAMS = ["bin/lparun", "bin/lparun-ci", "%s/lparun/lparun-init-big", "%s/lparun/lparun-init-little",
            "%s/lparun/lparun-qmp.so", "%s/lparun/lparun-sandbox.so"]
COMPLETIONS = ["share/bash-completion/completions/lparun", "share/zsh/vendor-completions/_lparun"]
PAGES = ["share/man/man1/lparun-ci.1", "share/man/man1/lparun.1"]
ELSEWHERE = (".c", ".h", ".1")     # sources, and pages that man shows
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")


# By meson

def meson(*arguments):
    done = subprocess.run(["meson", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout


def installed(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())


def build_folder():
    return next(package.source().glob("obj-*"))


def test_staged(tmp_path):
    """DESTDIR, with what Debian's rules ask for."""
    meson("install", "--no-rebuild", "-C", str(build_folder()), "--destdir", str(tmp_path))
    found = installed(tmp_path / "usr")
    assert installed(tmp_path) == [f"usr/{name}" for name in found]
    libraries = "lib/" + packages.ARCHITECTURES["ppc64le"][1]
    documents = [name for name in found if name.startswith("share/doc/lparun/")]
    assert [name for name in found if name not in documents] == sorted(
        [name.replace("%s", libraries) for name in PROGRAMS] + COMPLETIONS + PAGES)
    for name in ("README.md", "CHANGELOG.md", "docs/ci.md", "docs/ci-user.svg", "examples/ci/linux.boot"):
        assert f"share/doc/lparun/{name}" in documents
    for page in (tmp_path / "usr/share/doc/lparun").rglob("*.md"):
        missing = [link for link in LINK.findall(page.read_text())
                   if not link.endswith(ELSEWHERE) and "://" not in link and not (page.parent / link).exists()]
        assert not missing, page


def test_tags(tmp_path):
    """Without documents, as an image of a container wants it."""
    meson("install", "--no-rebuild", "-C", str(build_folder()), "--destdir", str(tmp_path), "--tags", "runtime")
    libraries = "lib/" + packages.ARCHITECTURES["ppc64le"][1]
    assert installed(tmp_path / "usr") == sorted(
        [name.replace("%s", libraries) for name in PROGRAMS] + COMPLETIONS)


def test_options(tmp_path):
    """Folders of one's own, and the name that QEMU's callers use; empty files stand in for programs."""
    build, to = tmp_path / "build", tmp_path / "to"
    meson("setup", str(build), str(paths.TOP), "-Dqemu_name=true", "-Ddocdir=share/docs-here", "-Dprefix=/opt/lparun",
          "-Dmoduledir=modules", "-Dzshdir=share/functions", "-Dslof=/srv/slof.bin")
    for program in PROGRAMS:
        (build / program.split("/")[-1]).touch()
    meson("install", "--no-rebuild", "-C", str(build), "--destdir", str(to))
    assert os.readlink(to / "opt/lparun/bin/qemu-system-ppc64") == "lparun"
    assert (to / "opt/lparun/modules/lparun-qmp.so").exists()
    assert (to / "opt/lparun/share/functions/_lparun").exists()
    assert (to / "opt/lparun/share/docs-here/README.md").exists()
    commands = (build / "compile_commands.json").read_text()
    assert "/opt/lparun/modules" in commands and "/srv/slof.bin" in commands


# By Debian

def test_lintian(log):
    status, text = package.lint()
    log.add("lintian", text)
    assert status == 0


def test_dependencies():
    """They are found in libraries that are not this machine's."""
    fields = {name: subprocess.run(["dpkg-deb", "--field", package.made(name), "Depends", "Recommends"],
                                   stdout=subprocess.PIPE, text=True, check=True).stdout for name in ("lparun", "lparun-ci")}
    for library in ("libc6", "libglib2.0-0", "libjson-glib-1.0-0", "libfdt1", "liburing2", "libaio1", "libseccomp2"):
        assert re.search(rf"\b{re.escape(library)}(t64)? \(>= ", fields["lparun"]), library
    assert "Recommends: qemu-system-data" in fields["lparun"]
    assert f"lparun (= {package.version()})" in fields["lparun-ci"]


class Installed:
    """A Debian on the host, with the packages in it; made once a host."""

    def __init__(self, host, log):
        self.host, self.log = host, log

    def command(self, line):
        return f"chroot {ROOT}/root /usr/bin/env -i {PATH} {line}"

    def run(self, line, limit=60):
        result = self.host.run("exec " + self.command(line), limit)
        self.log.add(line, result.output)
        return result

    def make(self):
        if self.host.run(f"test -e {ROOT}/made").status == 0:
            return
        there = f"{self.host.here}/{package.FOLDER.relative_to(paths.BUILD)}"
        debs = " ".join(f"{there}/{package.made(name).name}" for name in ("lparun", "lparun-ci"))
        result = self.host.run(f"""set -e
mkdir -p {ROOT}/upper {ROOT}/work {ROOT}/root
mount -t overlay -o lowerdir={self.host.cache}/package-root/root,upperdir={ROOT}/upper,workdir={ROOT}/work overlay {ROOT}/root
for folder in dev proc sys tmp host cache; do mount --bind /$folder {ROOT}/root/$folder; done
{self.command(f"dpkg -i {debs}")}
touch {ROOT}/made""", INSTALL_LIMIT)
        self.log.add("dpkg -i", result.output)
        assert result.status == 0


@pytest.fixture
def there(host, log):
    if host.name == hosts.LOCAL:
        pytest.skip("nothing is installed on this machine itself")
    found = Installed(host, log)
    found.make()
    return found


one_host = pytest.mark.one_host


@one_host
@pytest.mark.limit(INSTALL_LIMIT + 120)
def test_installed(there):
    """What Debian's own test of the package runs; and nothing is half done."""
    assert there.run("dpkg-query -W -f '${db:Status-Status},' lparun lparun-ci").output == b"installed,installed,"
    assert there.run("grep ^kvm: /etc/group").status == 0
    assert there.run(f"sh {there.host.here}/package/lparun-{package.version()}/debian/tests/installed", 100).status == 0


@one_host
@pytest.mark.limit(INSTALL_LIMIT + BOOT_LIMIT + 60)
def test_boot(there):
    """SLOF is found, and the monitor is."""
    socket = "/tmp/installed.qmp"
    job = there.host.spawn("exec " + there.command(f"lparun -nographic -qmp unix:{socket},server=on,wait=off"), BOOT_LIMIT)
    client = qmp.Qmp(there.host, socket, BOOT_LIMIT)
    greeting = client.greeting()
    booted = job.wait_for(b"0 > ", BOOT_LIMIT)
    client.execute("quit")
    result = job.wait()
    there.log.add("console", result.output)
    assert booted and b"SLOF" in result.output
    assert greeting["QMP"]["version"]["package"] == f"lparun {package.version()}"
    assert result.status == 0


@one_host
@pytest.mark.limit(INSTALL_LIMIT + BOOT_LIMIT + 60)
def test_ci(there):
    """lparun-ci has its lparun, its guest's first program, and the monitor."""
    kernel = f"{there.host.cache}/kernel-{guest_images.KERNEL}"
    result = there.run(f"lparun-ci exec --kernel {kernel}/vmlinux --modules {kernel}/modules -- uname -m", BOOT_LIMIT)
    assert result.status == 0
    assert b"ppc64le" in result.output


@one_host
def test_without_firmware(there):
    """Where qemu-system-data is not installed."""
    folder = f"{ROOT}/root/usr/share/qemu"
    command = there.command("lparun -nographic")
    result = there.host.run(f"mount -t tmpfs none {folder}\n{command}\nstatus=$?\numount {folder}\nexit $status")
    there.log.add("lparun", result.output)
    assert result.status == 2
    assert b"/usr/share/qemu/slof.bin, " in result.output and b"give its path" in result.output
