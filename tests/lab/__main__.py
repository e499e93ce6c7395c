"""The lab's command line."""

import sys

from lab import clean, say
from lab.failure import LabError

USAGE = """\
usage: ./lab COMMAND [...]

  setup [HOST|big-endian]...     fetch what the lab needs, build lparun (default: the host nested); pr and
                                 big-endian build a kernel, for the matrix
  demo [--host H] [--ci-hcalls kernel|user]
                                 SLOF, GRUB and Linux from a disk served by lparun, with the proof
  test [--host H]... [--all|--quick] [PYTEST ARGUMENTS]
                                 every test: native, cross-built, and on the hosts (-k EXPR selects);
                                 --quick: the native ones and the main job on one host, for the work in between;
                                 --all: the whole matrix of hosts and guests, too, for docs/matrix.md
  coverage                       lines that the unit tests reach, by folder and file, and functions they do not
  shell [HOST] [-c COMMAND]      a shell on an emulated host, or one command there
  bench NAME [--host H]... [--json FILE] [--runs N]
                                 measure on one host in one run; NAME: start and boot (beside QEMU), ci,
                                 runner (lparun-ci beside lparun)
  ci [--host H] [OPTIONS OF LPARUN-CI]
                                 lparun-ci boots a matrix of guests; each verdict is as it must be
  package                        lparun's Debian packages for ppc64el, looked at by lintian, in build-lab/package
  stall [--host H]               the same boot from disk three ways, one of which hangs in SLOF
  manual                         write the manual page's table of options beside QEMU's anew
  clean                          remove build-lab and the cache
  help                           this text

hosts: {hosts}
cache: {cache}   (LPARUN_CACHE says where, LPARUN_MIRROR names another Debian mirror)
"""


def usage():
    from lab import cache, host_table
    return USAGE.format(hosts=", ".join(host_table.HOSTS), cache=cache.folder())


def dispatch(arguments):
    command, rest = (arguments[0], arguments[1:]) if arguments else ("help", [])
    if command in ("help", "-h", "--help"):
        print(usage(), end="")
        return 0
    if command == "setup":
        from lab import setup
        return setup.command(rest)
    if command == "demo":
        from lab import demo
        return demo.command(rest)
    if command == "test":
        from lab import runner
        return runner.command(rest)
    if command == "coverage":
        from lab import coverage
        return coverage.command(rest)
    if command == "shell":
        from lab import shell
        return shell.command(rest)
    if command == "bench":
        from lab import bench
        return bench.command(rest)
    if command == "ci":
        from lab import ci
        return ci.command(rest)
    if command == "package":
        from lab import package
        return package.command(rest)
    if command == "stall":
        from lab import stall
        return stall.command(rest)
    if command == "manual":
        from lab import manual
        manual.write()
        return 0
    if command == "clean":
        return clean.command(rest)
    print(f"lab: no command {command!r}\n\n{usage()}", end="", file=sys.stderr)
    return 2


def main():
    try:
        return dispatch(sys.argv[1:])
    except LabError as error:
        say.problem(str(error))
        return 1
    except KeyboardInterrupt:
        say.problem("interrupted")
        return 130


if __name__ == "__main__":
    sys.exit(main())
