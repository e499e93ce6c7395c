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


def test_kvm_unit_tests(call, log):
    """powerpc/run asks which machines there are, and looks for the status at the end."""
    tests = call("kvm-unit-tests")
    machines = tests.host.run(tests.command(["-machine", "?"]), 30)
    assert machines.status == 0 and re.search(r"^pseries\b", machines.text, re.MULTILINE)
    result = run(tests, log)
    assert re.search(r"^EXIT: STATUS=1", result.text, re.MULTILINE)
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
