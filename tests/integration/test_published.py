"""Published command lines, through a link that is called qemu-system-ppc64: the guest starts, and what each caller takes
as success is there."""

import re
import shlex

import pytest

from lab import guest_images, paths, published, qmp, toolchain

pytestmark = [pytest.mark.one_host, pytest.mark.needs(make=published.files)]
LIMIT = 150


class Call:
    """One line's run in a folder of its own on the host."""

    def __init__(self, host, name):
        self.host, self.line = host, published.LINES[name]
        self.folder = f"/run/published-{name}"

    def prepare(self):
        script = [f"rm -rf {self.folder}", f"mkdir -p {self.folder}/bin", f"cd {self.folder}",
                  f"ln -s {self.host.here}/ppc64le/lparun bin/qemu-system-ppc64"]
        for name in self.line.names:
            source = self.line.source(name)
            script.append(f"ln -s {self.host.cache}/{published.FILES}/{source} {name}")
        script += ["mkdir -p /usr/share/qemu", f"test -e /usr/share/qemu/slof.bin || ln -s {self.host.cache}/{guest_images.SLOF} /usr/share/qemu/slof.bin",
                   self.line.prepare or ":"]
        result = self.host.run("set -e\n" + "\n".join(script), 30)
        assert result.status == 0, result.text

    def command(self, words, before="exec"):
        start = f"cd {self.folder} && export PATH=$PWD/bin:$PATH"
        return f"{start} && {before} qemu-system-ppc64 {shlex.join(words)}"


@pytest.fixture
def call(host, request):
    def make(name):
        made = Call(host, name)
        made.prepare()
        return made
    return make


def run(call, log, limit=LIMIT):
    result = call.host.run(call.command(call.line.words()), limit)
    log.add("output", result.output)
    assert not result.late
    return result


def test_kunit(call, log):
    """kunit.py reads KTAP from the console, and the guest's reboot ends the run."""
    result = run(call("kunit"), log)
    lines = [re.sub(r"^\[ *\d+\.\d+\] ", "", line.rstrip("\r")) for line in result.text.split("\n")]
    at = next(index for index, line in enumerate(lines) if line.strip() == "KTAP version 1")
    points = [line.split()[0] for line in lines[at:] if re.match(r" *(not )?ok \d", line)]
    assert points == ["ok", "ok", "ok"]
    assert result.status == 0


def test_kvm_unit_tests(call, log):
    """powerpc/run asks which machines there are, and looks for the status at the end."""
    tests = call("kvm-unit-tests")
    machines = tests.host.run(tests.command(["-machine", "?"]), 30)
    assert machines.status == 0 and re.search(r"^pseries\b", machines.text, re.MULTILINE)
    result = run(tests, log)
    assert re.search(r"^EXIT: STATUS=1", result.text, re.MULTILINE)
    assert result.status == 0


def test_boot_utils(call, log):
    """boot-qemu.py reads the version first, then waits for the first line of /proc/version and the power-off."""
    utils = call("boot-utils")
    version = utils.host.run(utils.command(["--version"]), 30).text.splitlines()[0]
    assert version.startswith("QEMU emulator version 10.0.0 (lparun ")
    result = run(utils, log)
    assert re.search(r"^Linux version 6\.12", result.text, re.MULTILINE)
    assert result.status == 0


def test_linuxppc(call, log):
    """ci-scripts' expect: the login prompt, what the machine is, the kernel's release, the power-off."""
    linuxppc = call("linuxppc")
    job = linuxppc.host.spawn(linuxppc.command(linuxppc.line.words()), LIMIT, True)
    job.wait_for(b"login:", LIMIT)
    job.feed(b"poweroff -f\n")
    result = job.wait()
    log.add("output", result.output)
    assert "IBM pSeries (emulated by qemu)" in result.text
    assert re.search(r"^6\.12\.\d+", result.text, re.MULTILINE)
    assert "reboot: Power down" in result.text
    assert result.status == 0


def test_obs(call, log):
    """The build's script finds its disks, and powers off."""
    result = run(call("obs"), log)
    assert "root: 0, swap: 1, processors: 4" in result.text
    assert "the build is done" in result.text
    assert result.status == 0


def test_qemu_hv(call, log):
    """QEMU's own test of KVM in a guest: a prompt, a shell, the power-off."""
    guest = call("qemu-hv")
    job = guest.host.spawn(guest.command(guest.line.words()), LIMIT, True)
    job.wait_for(b"localhost login:", LIMIT)
    job.feed(b"poweroff -f\n")
    result = job.wait()
    log.add("output", result.output)
    assert "reboot: Power down" in result.text
    assert result.status == 0


def test_rcutorture(call, log):
    """kvm.sh watches the process by its pid file, and judges console.log."""
    torture = call("rcutorture")
    result = torture.host.run(torture.command(torture.line.words(), "") + " & sleep 3; kill -0 $(cat qemu_pid) && "
                              "echo it runs; wait; cat console.log", LIMIT)
    log.add("output", result.output)
    assert "it runs" in result.text
    assert "End of test: SUCCESS" in result.text
    assert "Call Trace" not in result.text
    assert not result.late


def test_libvirt(call, log):
    """QMP on a descriptor, a guest that has not begun, and "cont"."""
    libvirt = call("libvirt")
    host, listen = libvirt.host, paths.BUILD / "bench/listen_on"
    toolchain.build_tool(paths.TOP / "tests/lab/programs/listen_on.c", listen)
    before = f"exec {host.here}/{listen.relative_to(paths.BUILD)} 3 monitor"
    job = host.spawn(libvirt.command(libvirt.line.words(), before), LIMIT)
    client = qmp.Qmp(host, f"{libvirt.folder}/monitor", LIMIT)
    version = client.greeting()["QMP"]["version"]["qemu"]
    assert version["major"] == 10
    assert client.execute("query-status") == {"status": "prelaunch", "running": False}
    assert client.execute("query-name") == {"name": "guest"}
    assert client.execute("query-uuid") == {"UUID": "1ccfd97d-5eb4-478a-bbe6-88d254c16db7"}
    assert client.execute("cont") == {}
    assert client.execute("query-status") == {"status": "running", "running": True}
    assert client.execute("quit") == {}
    result = job.wait()
    log.add("output", result.output)
    assert result.status == 0
