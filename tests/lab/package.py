"""./lab package: lparun's Debian packages for ppc64el, from debian/, and what lintian says of them."""

import argparse
import hashlib
import os
import re
import shutil
import subprocess

from lab import apt, cache, package_root, packages, paths, say, toolchain
from lab.failure import LabError

FOLDER = paths.BUILD / "package"
NOT_SOURCE = {".git", "__pycache__", ".pytest_cache"}
# What dpkg-shlibdeps has to be told where the libraries are another machine's.
SHLIBDEPS = '#!/bin/sh\nexec /usr/bin/dpkg-shlibdeps --admindir={database} {libraries} "$@"\n'


def version():
    return re.match(r"lparun \((\S+)\)", (paths.TOP / "debian/changelog").read_text()).group(1)


def made(name):
    """Path of the .deb of a binary package."""
    return FOLDER / f"{name}_{version()}_ppc64el.deb"


def source():
    return FOLDER / f"lparun-{version()}"


def changes():
    return FOLDER / f"lparun_{version()}_ppc64el.changes"


def not_source(folder, names):
    """Those of a folder's names that are no part of the source, as .gitignore has them."""
    built = {name for name in names if name.startswith("build") and os.path.isdir(os.path.join(folder, name))}
    return NOT_SOURCE.intersection(names) | (built if str(folder) == str(paths.TOP) else set())


def build():
    """Make the packages, unless those that are there are of this source."""
    apt.install_build_tools()
    apt.install("what makes packages", packages.PACKAGE_TOOLS + (package_root.libraries() if toolchain.is_ppc64le() else []))
    package_root.root()
    with cache.locked(paths.BUILD):
        wanted, note = recipe(), FOLDER / "made-of"
        if not note.exists() or note.read_text() != wanted:
            make()
            note.write_text(wanted)


def recipe():
    """A hash of all that goes into the packages."""
    found = hashlib.sha256(cache.stamp("package-root").encode())
    for folder, folders, files in os.walk(paths.TOP):
        left_out = not_source(folder, folders + files)
        folders[:] = sorted(set(folders) - left_out)
        for name in sorted(set(files) - left_out):
            path = os.path.join(folder, name)
            found.update(os.path.relpath(path, paths.TOP).encode() + b"\0")
            with open(path, "rb") as file:
                found.update(hashlib.sha256(file.read()).digest())
    return found.hexdigest()


def make():
    cache.remove(FOLDER)
    FOLDER.mkdir(parents=True)
    shutil.copytree(paths.TOP, source(), ignore=not_source, symlinks=True)
    say.step(f"making the packages of lparun {version()}")
    # Dependencies are not looked for: the libraries are in package_root's tree, not in this machine's database.
    command = ["dpkg-buildpackage", "--no-sign", "-d"]
    log = FOLDER / "build.log"
    with open(log, "wb") as output:
        done = subprocess.run(command + ([] if toolchain.is_ppc64le() else ["-appc64el"]), cwd=source(),
                              env=environment(), stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        raise LabError("making the packages failed:\n" + log.read_text(errors="replace")[-6000:])


def environment():
    options = {**os.environ, "DEB_BUILD_OPTIONS": f"nocheck parallel={os.cpu_count()}"}
    if toolchain.is_ppc64le():
        return options
    return {**options, "DH_MESON_CROSS_FILE": str(cross_file()),
            "PATH": f"{shlibdeps().parent}:{os.environ['PATH']}"}


def cross_file():
    """With the root in the compiler's command: options of a cross file would displace those that Debian gives."""
    path = FOLDER / "ppc64el.cross"
    root = package_root.root()
    path.write_text(toolchain.cross_text(root, f"['{toolchain.TARGET}-gcc', '--sysroot={root}']"))
    return path


def shlibdeps():
    program = FOLDER / "bin/dpkg-shlibdeps"
    program.parent.mkdir()
    package_root.database(FOLDER / "dpkg")
    libraries = " ".join(f"-l{package_root.root() / folder}" for folder in package_root.LIBRARIES)
    program.write_text(SHLIBDEPS.format(database=FOLDER / "dpkg", libraries=libraries))
    program.chmod(0o755)
    return program


def lint():
    """What lintian has to say: status and text."""
    done = subprocess.run(["lintian", "--pedantic", "--display-info", "--fail-on", "error,warning,pedantic", "--info",
                           "--tag-display-limit", "0", str(changes())],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


def command(arguments):
    argparse.ArgumentParser(prog="lab package").parse_args(arguments)
    build()
    status, text = lint()
    print(text, end="")
    for path in sorted(FOLDER.glob("*.deb")):
        print(path.relative_to(paths.TOP))
    print("package: FAILED" if status else "package: lintian accepts it")
    return 1 if status else 0
