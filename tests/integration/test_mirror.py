"""The lab's fetching against mirrors of the tests' own: small HTTP servers that are out of step."""

import functools
import hashlib
import http.server
import re
import subprocess
import threading

import pytest

from lab import cache, packages, release, unpack
from lab.failure import LabError, Unavailable

CODENAME = "bookworm"     # mmdebstrap knows its name
FUTURE, PAST = "Thu, 01 Jan 2099 00:00:00 UTC", "Thu, 01 Jan 2015 00:00:00 UTC"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class Mirror:
    """A folder with a pool and suites; packages are of this machine's architecture and hold one file each."""

    def __init__(self, folder):
        self.folder = folder
        self.architecture = packages.building_machine()[0]

    def package(self, name, version, in_pool=True):
        """Its stanza of an index."""
        tree = self.folder / f"tree-{name}-{version}"
        (tree / "DEBIAN").mkdir(parents=True)
        control = (f"Package: {name}\nVersion: {version}\nArchitecture: {self.architecture}\n"
                   "Maintainer: nobody <nobody@localhost>\nDescription: a test\n")
        (tree / "DEBIAN/control").write_text(control)
        (tree / "usr/share").mkdir(parents=True)
        (tree / "usr/share" / name).write_text(version)
        path = f"pool/main/{name[0]}/{name}/{name}_{version.split(':')[-1]}_{self.architecture}.deb"
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["dpkg-deb", "--root-owner-group", "--build", str(tree), str(self.folder / path)],
                       check=True, stdout=subprocess.DEVNULL)
        data = (self.folder / path).read_bytes()
        if not in_pool:
            (self.folder / path).unlink()
        return (f"{control}Filename: {path}\nSize: {len(data)}\n"
                f"SHA256: {hashlib.sha256(data).hexdigest()}\n\n")

    def suite(self, name, codename, stanzas, until=FUTURE):
        index = "".join(stanzas).encode()
        path = f"main/binary-{self.architecture}/Packages"
        where = self.folder / "dists" / name
        (where / path).parent.mkdir(parents=True)
        (where / path).write_bytes(index)
        (where / "Release").write_text(
            f"Suite: {name}\nCodename: {codename}\nVersion: 12.0\nDate: Thu, 01 Jan 2015 00:00:00 UTC\n"
            f"Valid-Until: {until}\nArchitectures: {self.architecture}\nComponents: main\nSHA256:\n"
            f" {hashlib.sha256(index).hexdigest()} {len(index)} {path}\n")


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    made = Mirror(tmp_path / "mirror")
    made.folder.mkdir()
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=str(made.folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("LPARUN_MIRROR", f"[trusted=yes] http://127.0.0.1:{server.server_port}")
    monkeypatch.setattr(unpack, "TRIES", 1)
    yield made
    server.shutdown()


def fetch(mirror, tmp_path, *names):
    target = tmp_path / "target"
    return unpack.alone(target, CODENAME, mirror.architecture, names, 1)


def test_by_its_codename(mirror, tmp_path, capfd):
    mirror.suite(CODENAME, CODENAME, [mirror.package("thing", "1:2.0-1")])
    assert fetch(mirror, tmp_path, "thing") == "thing 1:2.0-1"
    assert (tmp_path / "target/usr/share/thing").read_text() == "1:2.0-1"
    assert "taken from" not in capfd.readouterr().err


def test_by_the_alias_of_the_same_release(mirror, tmp_path, capfd):
    """An alias counts for what its Release file says, not for its name."""
    mirror.suite(CODENAME, CODENAME, [mirror.package("thing", "2.0-1", in_pool=False)])
    mirror.suite("stable", "another", [mirror.package("thing", "3.0-1")])
    mirror.suite("oldstable", CODENAME, [mirror.package("thing", "1.0-1")])
    assert fetch(mirror, tmp_path, "thing") == "thing 1.0-1"
    assert re.search(r"taken from oldstable 12.0: thing 2.0-1 \(404 ", capfd.readouterr().err)


def test_in_an_older_version(mirror, tmp_path, capfd):
    """Neither suite is whole, and no version of one is that of the other."""
    one, two = mirror.package("one", "1:1.0-1"), mirror.package("two", "1.0-1")
    mirror.suite(CODENAME, CODENAME, [mirror.package("one", "1:2.0+b-1", in_pool=False), two])
    mirror.suite("stable", CODENAME, [one, mirror.package("two", "1.5~x-1", in_pool=False)])
    assert fetch(mirror, tmp_path, "one", "two") == "one 1:1.0-1\ntwo 1.0-1"
    assert f"taken from {CODENAME} 12.0 and stable 12.0" in capfd.readouterr().err


def test_the_newest_of_a_pattern_that_the_pool_has(mirror, tmp_path):
    names = [("linux-image-6.12.9-kind", True), ("linux-image-6.12.10-kind", True),
             ("linux-image-6.12.11-kind", False), ("linux-image-6.12.12-kind-64k", True),
             ("linux-image-6.13.1-kind", True)]
    mirror.suite(CODENAME, CODENAME, [mirror.package(name, "1", in_pool) for name, in_pool in names])
    found = fetch(mirror, tmp_path, r"^linux-image-6\.12\.[^-]+(-[0-9]+)?-kind$")
    assert found == "linux-image-6.12.10-kind 1"


def test_an_expired_index_is_used(mirror, tmp_path, capfd):
    mirror.suite(CODENAME, CODENAME, [mirror.package("thing", "1")], until=PAST)
    assert fetch(mirror, tmp_path, "thing") == "thing 1"
    assert f"the index of {CODENAME} has expired" in capfd.readouterr().err


def test_what_is_not_there_is_asked_for_once(mirror, tmp_path, monkeypatch):
    """The package and the mirror's answer are named; a second test that needs it does not wait again."""
    mirror.suite(CODENAME, CODENAME, [mirror.package("thing", "1", in_pool=False)])
    monkeypatch.setenv("LPARUN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(cache, "unavailable", {})
    calls = []

    def build(new):
        calls.append(new)
        unpack.alone(new / "tree", CODENAME, mirror.architecture, ["thing"], 1)

    for _ in range(2):
        with pytest.raises(Unavailable, match=r"thing 1 \(404 "):
            cache.ensure("thing", ["recipe"], build)
    assert len(calls) == 1


def test_no_index_names_it(mirror, tmp_path):
    mirror.suite(CODENAME, CODENAME, [mirror.package("thing", "1")])
    with pytest.raises(Unavailable, match="nothing-such .no index names it"):
        fetch(mirror, tmp_path, "nothing-such")


def test_no_such_release(mirror, tmp_path):
    (mirror.folder / "dists").mkdir()
    with pytest.raises(Unavailable, match="404"):
        fetch(mirror, tmp_path, "thing")


def test_a_mirror_that_does_not_answer(tmp_path, monkeypatch):
    monkeypatch.setenv("LPARUN_MIRROR", "http://127.0.0.1:9")
    with pytest.raises(LabError, match="does not answer") as raised:
        list(release.ways(CODENAME, {}))
    assert not isinstance(raised.value, Unavailable)
