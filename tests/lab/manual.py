"""The manual page's table of options beside QEMU's, made from lparun's own."""

import subprocess

from lab import paths

PAGE = paths.TOP / "docs/lparun.1"
BEGIN = '.\\" The table is made by ./lab manual.\n'
END = '.\\" The end of the table.\n'


def rows():
    """(option, place, note) of each option that lparun knows, in -help's order."""
    done = subprocess.run([str(paths.NATIVE / "lparun"), "-help", "qemu"], stdout=subprocess.PIPE, text=True, check=True)
    return [line.split("\t") for line in done.stdout.splitlines()]


def escape(text):
    return text.replace("\\", "\\e").replace("-", "\\-")


def table():
    lines = []
    for option, place, note in rows():
        lines += [".TP", f".B {escape(option)}", escape(f"{place}: {note}" if note else place)]
    return "\n".join(lines) + "\n"


def parts():
    """The page before the table, the table, and the page after it."""
    before, rest = PAGE.read_text().split(BEGIN)
    inside, after = rest.split(END)
    return before, inside, after


def write():
    before, _, after = parts()
    PAGE.write_text(before + BEGIN + table() + END + after)
