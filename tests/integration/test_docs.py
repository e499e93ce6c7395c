"""What the documents say that a machine can check: code that compiles, options that exist, files that are there."""

import re
import subprocess

import pytest

from lab import emulator, manual, paths, toolchain

PAGES = [*sorted(paths.TOP.glob("*.md")), *sorted((paths.TOP / "docs").glob("*.md"))]
CODE = re.compile(r"<!-- test: compiles -->\s*```c\n(.*?)```", re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")

pytestmark = pytest.mark.quick


def blocks():
    return [pytest.param(code, id=f"{page.name}-{number}")
            for page in PAGES for number, code in enumerate(CODE.findall(page.read_text()), 1)]


@pytest.mark.parametrize("code", blocks())
def test_code_compiles(code, log):
    compiler = "gcc" if toolchain.is_ppc64le() else f"{toolchain.TARGET}-gcc"
    done = subprocess.run([compiler, "-x", "c", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-"], input=code,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    log.add("compiler", done.stdout)
    assert done.returncode == 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    missing = [link for link in LINK.findall(page.read_text())
               if "://" not in link and not (page.parent / link).exists()]
    assert not missing


def obeyed():
    """(option, value) of each option of -help."""
    done = subprocess.run([str(paths.NATIVE / "lparun"), "-help"], stdout=subprocess.PIPE, text=True, check=True)
    return re.findall(r"^-([\w-]+) (.*)$", done.stdout, re.MULTILINE)


def test_options_are_documented():
    """Every option of -help, and every key of its values, is in the manual page."""
    options = obeyed()
    assert len(options) > 20
    manual = (paths.TOP / "docs/lparun.1").read_text().replace("\\-", "-")
    for option, value in options:
        assert re.search(rf"^\.\w+.*-{option}(?![\w-])", manual, re.MULTILINE), f"the manual does not have -{option}"
        for key in re.findall(r"([\w-]+)=", value):
            assert f"{key}=" in manual, f"the manual does not have -{option}'s {key}="


def table_names(page, heading):
    """What the first column of the table below a heading's line names."""
    table = page[page.index(heading):].split("\n\n")[0]
    return {name for row in table.splitlines()[2:] for name in re.findall(r"`([\w-]+)`", row.split("|")[1])}


def test_commands_are_documented():
    """docs/qmp.md has each command of the monitor, and no other; and each that is refused by name."""
    page = (paths.TOP / "docs/qmp.md").read_text()
    lines = (paths.TOP / "tests/unit/qmp_schema.txt").read_text()
    code = "".join(file.read_text() for file in (paths.TOP / "launcher/commands").glob("*.c"))
    has = set(re.findall(r"^([a-z][\w-]*)\(\)", lines, re.MULTILINE)) | set(re.findall(r'"(x-lparun-[\w-]+)",', code))
    assert len(has) > 60
    assert table_names(page, "| command | | |") == has
    refused = (paths.TOP / "launcher/commands/refused.c").read_text()
    assert table_names(page, "| command | why |") == set(re.findall(r'^    \{ "([\w-]+)",', refused, re.MULTILINE))


def test_readme_names_what_there_is():
    """Each option, and each key of one, that README's table has is lparun's."""
    rows = [row for row in (paths.TOP / "README.md").read_text().splitlines() if row.startswith("| `-")]
    assert len(rows) > 15
    options = obeyed()
    for row in rows:
        head = row.split(" | ")[0]
        names = re.findall(r"`-([\w-]+)", head)
        values = [value for option, value in options if option in names]
        assert {option for option, _ in options} >= set(names), row
        for key in re.findall(r"(?:,|\[|`-\w+ )([\w-]+)=", head):
            assert any(f"{key}=" in value for value in values), f"{row}: {key}="


def test_table_beside_qemu():
    """The manual's table is that of the program, and has each option of QEMU's help for this machine."""
    assert manual.parts()[1] == manual.table(), "run ./lab manual"
    done = subprocess.run([*emulator.command("qemu-system-ppc64"), "-help"], stdout=subprocess.PIPE, text=True, check=True)
    theirs = set()
    for names in re.findall(r"^--?([\w-]+(?:/-\w+)?)", done.stdout, re.MULTILINE):
        theirs |= set(names.split("/-"))
    places = {option.lstrip("-"): (place, note) for option, place, note in manual.rows()}
    assert len(theirs) > 90
    missing = theirs - set(places)
    assert not missing, f"not in the table: {sorted(missing)}"
    for option, (place, note) in places.items():
        assert place == "same" or place == "lparun's own" or note, f"-{option} is {place}, and nothing says why"
        if place != "lparun's own":
            assert option in theirs | OLDER, f"-{option} is not QEMU's"


# That QEMU took before its version 10, or takes and does not list.
OLDER = {"balloon", "curses", "no-kvm", "nodefconfig", "sdl", "soundhw", "writeconfig", "help", "runas", "chroot", "M", "realtime"}


CALL = re.compile(r"^\| (0x[0-9a-f]+) \| (\w+) \| (kernel|lparun|both|absent) \|.*\|(?: (hcall-[\w-]+))? \|$", re.MULTILINE)


def calls():
    text = (paths.TOP / "docs/hypercalls.md").read_text()
    rows = CALL.findall(text)
    assert len(rows) == text.count("\n| 0x"), "a row that is not understood"
    return rows


def source(*patterns):
    return "".join(path.read_text() for pattern in patterns for path in sorted(paths.TOP.glob(pattern)))


def test_hypercalls_are_those_of_the_code():
    """docs/hypercalls.md has each call once, by its number, and served where the code registers or enables it."""
    code = source("hcalls/*.c", "hcalls/rtas/table.c")
    registered = set(re.findall(r'"((?:KVMPPC_)?H_[A-Z0-9_]+)"', code))
    enabled = set(re.findall(r"KVM_CAP_PPC_ENABLE_HCALL, (H_\w+)", code))
    numbers = dict(re.findall(r"#define ((?:KVMPPC_)?H_\w+) (0x[0-9a-f]+)$",
                              (paths.TOP / "include/lparun/papr.h").read_text(), re.MULTILINE))
    rows = calls()
    assert len({name for _, name, *_ in rows}) == len({number for number, *_ in rows}) == len(rows)
    assert {name for _, name, by, _ in rows if by in ("lparun", "both")} == registered
    assert enabled <= {name for _, name, by, _ in rows if by in ("kernel", "both")}
    assert not {name for _, name, by, _ in rows if by == "absent"} & (registered | enabled)
    for number, name, _, _ in rows:
        assert numbers.get(name, number) == number, f"{name}'s number"


def test_traces_know_the_arguments():
    """-trace has names for the arguments of each hypercall and RTAS call that lparun serves; docs for each event."""
    code = source("hcalls/*.c", "hcalls/rtas/table.c")
    known = set(re.findall(r"\{ ((?:KVMPPC_)?H_\w+),", (paths.TOP / "hcalls/trace.c").read_text()))
    assert set(re.findall(r'"((?:KVMPPC_)?H_[A-Z0-9_]+)"', code)) == known
    served = set(re.findall(r'rtas_register\(table, 0x\w+, "([\w,-]+)"', source("hcalls/rtas/*.c")))
    forms = (paths.TOP / "hcalls/rtas/trace.c").read_text()
    assert len(served) > 20 and served == set(re.findall(r'\{ "([\w,-]+)", "', forms))
    events = re.findall(r'event\(\w+, "(\w+)"', (paths.TOP / "include/lparun/trace.h").read_text())
    page = (paths.TOP / "docs/tracing.md").read_text()
    assert len(events) > 10 and not [name for name in events if f"`{name}`" not in page]
    probes = set(re.findall(r"USDT\d?\((\w+),", source("vmm/*.c", "devices/**/*.c", "hcalls/**/*.c")))
    assert len(probes) > 5 and not [name for name in probes if f"`{name}`" not in page]


def test_hypercalls_are_named_in_the_tree():
    """Each hcall-... of the device tree names a call that is served, and each of the table is in the tree."""
    named = set(re.findall(r'"(hcall-[\w-]+)"', source("hcalls/*.c")))
    rows = calls()
    assert {name for *_, name in rows if name} == named
    assert not [call for _, call, by, name in rows if name and by == "absent"]
