"""A Debian for ppc64el with dpkg and all that lparun's package depends on: what the package is built against and
installed in. Its own packages are unpacked and said to be installed; none of their scripts has been run."""

import pathlib
import re
import subprocess

from lab import cache, debian, packages, paths, say, trees, unpack

RECIPE = 1                # raised when the code below makes something else of the same packages
ABOUT_MB = 400
DATABASE = "var/lib/dpkg"
LIBRARIES = [f"lib/{packages.ARCHITECTURES['ppc64le'][1]}", f"usr/lib/{packages.ARCHITECTURES['ppc64le'][1]}"]


def libraries():
    """Packages with the libraries and headers that debian/control says it takes to build lparun."""
    control = (paths.TOP / "debian/control").read_text()
    needed = re.search(r"^Build-Depends:((?:.*\n )*.*)", control, re.M).group(1)
    return re.findall(r"\b[\w.+-]+-dev\b", needed)


def root():
    """Path of the tree."""
    names = libraries() + packages.PACKAGE_ROOT

    def build(new):
        say.step(f"fetching a Debian to build lparun's package against, and to install it in: {', '.join(names)} "
                 f"(Debian {packages.PACKAGE_SUITE}, {trees.PPC})")
        archive, tree = new / "root.tar", new / "root"
        tree.mkdir()
        unpack.archive(archive, packages.PACKAGE_SUITE, trees.PPC, [names], debian.record(), ABOUT_MB)
        subprocess.run(["tar", "-x", "--no-same-owner", "--exclude=./dev/*", "-f", archive, "-C", tree], check=True)
        archive.unlink()
        finish(tree)
        return unpack.taken(tree, names)

    recipe = [RECIPE, packages.PACKAGE_SUITE, names, (debian.SCRIPTS / "debian-record.sh").read_text()]
    return cache.ensure("package-root", recipe, build) / "root"


def finish(tree):
    status = tree / DATABASE / "status"
    status.write_text(status.read_text().replace("Status: install ok unpacked", "Status: install ok installed"))
    for name in ("proc", "sys", "dev", "tmp", "run", "host", "cache", "root"):
        (tree / name).mkdir(exist_ok=True)
    if not (tree / "bin/sh").exists():
        (tree / "bin/sh").symlink_to("dash")
    trees.relative_links(tree)


def database(folder):
    """Make dpkg's database in folder: that of the tree, with the paths that its libraries have on this machine."""
    tree = root()
    (folder / "info").mkdir(parents=True)
    (folder / "status").symlink_to(tree / DATABASE / "status")
    for name in ("updates", "triggers"):
        (folder / name).mkdir()
    for path in (tree / DATABASE / "info").iterdir():
        if path.suffix == ".list":
            (folder / "info" / path.name).write_text(listed(tree, path))
        elif path.suffix in (".symbols", ".shlibs"):
            (folder / "info" / path.name).symlink_to(path)
    (folder / "info/format").write_text("1\n")


def listed(tree, path):
    """The list of a package's files, of which only the libraries are looked for."""
    return "".join(f"{tree}{line}\n" for line in path.read_text().splitlines()
                   if pathlib.PurePath(line.lstrip("/")).parent.as_posix() in LIBRARIES)
