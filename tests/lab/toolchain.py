"""The two builds of lparun in build-lab: native with sanitizers, and for ppc64le."""

import shlex
import subprocess

from lab import apt, cache, emulator, packages, paths, say, trees
from lab.failure import LabError

TARGET = "powerpc64le-linux-gnu"
NATIVE_OPTIONS = ["-Dtests=true", "-Dbuildtype=debugoptimized", "-Db_sanitize=address,undefined",
                  "-Db_lundef=false", "-Dusdt=enabled", "-Dsandbox=enabled"]
PPC64LE_OPTIONS = ["-Dtests=true", "-Dbuildtype=debugoptimized", "-Dusdt=enabled", "-Dsandbox=enabled"]


def is_ppc64le():
    return packages.building_machine()[0] == "ppc64el"


def runner():
    """The start of a command line that runs a ppc64le program of the sysroot on this machine."""
    if is_ppc64le():
        return []
    return [*emulator.command("qemu-ppc64le"), "-L", str(trees.root())]


def cross_text(root, compiler, options=""):
    """A meson cross file for ppc64le: where libraries are, the compiler's command, and the section of options."""
    listed = ", ".join(f"'{word}'" for word in runner())
    return f"""\
[binaries]
c = {compiler}
ar = '{TARGET}-gcc-ar'
strip = '{TARGET}-strip'
pkgconfig = 'pkg-config'
exe_wrapper = [{listed}]

[properties]
sys_root = '{root}'
pkg_config_libdir = ['{root}/usr/lib/{TARGET}/pkgconfig', '{root}/usr/share/pkgconfig']
{options}
[host_machine]
system = 'linux'
cpu_family = 'ppc64'
cpu = 'ppc64le'
endian = 'little'
"""


def cross_file():
    """Path of the meson cross file for ppc64le."""
    root = trees.root()
    text = cross_text(root, f"'{TARGET}-gcc'", f"""
[built-in options]
c_args = ['--sysroot={root}', '-isystem', '{trees.probes()}']
c_link_args = ['--sysroot={root}']
""")
    path = cache.path("ppc64le.cross")
    if not path.exists() or path.read_text() != text:
        aside = path.with_suffix(".new")
        aside.write_text(text)
        aside.replace(path)  # whole or not at all, and never into a linked copy of the cache
    return path


def run_meson(arguments, what):
    done = subprocess.run(["meson", *arguments], cwd=paths.TOP, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise LabError(f"{what} failed: meson {shlex.join(arguments)}\n{done.stdout[-8000:]}")


def build(folder, options, targets=()):
    with cache.locked(paths.BUILD):
        configure_and_compile(folder, options, targets)


def configure_and_compile(folder, options, targets):
    """Configure folder anew where its options have changed, then compile."""
    note = folder / ".lab-options"
    wanted = "\n".join(options)
    if not (folder / "build.ninja").exists() or not note.exists() or note.read_text() != wanted:
        say.step(f"configuring {folder.relative_to(paths.TOP)}")
        cache.remove(folder)
        run_meson(["setup", *options, str(folder)], "configuring")
        note.write_text(wanted)
    say.step(f"building {folder.relative_to(paths.TOP)}")
    run_meson(["compile", "-C", str(folder), *targets], "building")


def build_native():
    apt.install_build_tools()
    build(paths.NATIVE, NATIVE_OPTIONS)


def build_ppc64le(*targets):
    """The lparun that hosts run, and the tests if no target is named."""
    apt.install_build_tools()
    options = list(PPC64LE_OPTIONS)
    if not is_ppc64le():
        options.append(f"--cross-file={cross_file()}")
    build(paths.PPC64LE, options, targets)
    return paths.PPC64LE / "lparun"


def build_all():
    build_native()
    build_ppc64le()


def build_tool(source, output, *options):
    """Cross-compile one C file of the tests as a static program."""
    compiler = "gcc" if is_ppc64le() else f"{TARGET}-gcc"
    output.parent.mkdir(parents=True, exist_ok=True)
    command = [compiler, "-O2", "-Wall", "-Wextra", "-static", "-D_GNU_SOURCE",
               *options, str(source), "-o", str(output)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise LabError(f"building {source.name} failed\n{done.stdout}")
    return output
