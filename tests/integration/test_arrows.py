"""The rooms of the house and the one way in which their arrows run: docs/architecture.md's table, held to the code."""

import re

import pytest

from lab import paths

pytestmark = pytest.mark.quick
# Each may use what stands before it, and itself.
LADDER = ["vmm", "devices", "hcalls", "firmware", "launcher"]
INCLUDE = re.compile(r'^#include "([^"]+)"', re.MULTILINE)
FUNCTION = re.compile(r"^(?!static)[\w ]+[ *](\w+)\([^;{]*\)\n\{", re.MULTILINE)
DECLARED = re.compile(r"^(?!typedef|#|//|static| )[\w ]+[ *](\w+)\([^;{]*\)[^;{]*;", re.MULTILINE)


def sources(room, pattern="*.[ch]"):
    return sorted((paths.TOP / room).rglob(pattern))


def defined():
    """Which room each function with a name for others is in."""
    return {name: room for room in LADDER for path in sources(room, "*.c")
            for name in FUNCTION.findall(path.read_text())}


def room_of_headers():
    """The room that has a header's functions; for one that has none, the highest of what it includes."""
    functions = defined()
    rooms, includes = {}, {}
    for path in sources("include/lparun", "*.h"):
        found = {functions[name] for name in DECLARED.findall(path.read_text()) if name in functions}
        assert len(found) <= 1, f"{path.name} is implemented in {' and '.join(sorted(found))}"
        rooms[f"lparun/{path.name}"] = found.pop() if found else None
        includes[f"lparun/{path.name}"] = INCLUDE.findall(path.read_text())

    def room_of(header):
        inner = [room_of(included) for included in includes[header]] or [LADDER[0]]
        return rooms[header] or max(inner, key=LADDER.index)

    return {header: room_of(header) for header in rooms}


def test_arrows_run_one_way():
    rooms = room_of_headers()
    assert len(set(rooms.values())) > 3, "the rooms were not understood"
    wrong = []
    for room in LADDER:
        for path in sources(room):
            for header in INCLUDE.findall(path.read_text()):
                target = rooms.get(header)
                if target and LADDER.index(target) > LADDER.index(room):
                    wrong.append(f"{path.relative_to(paths.TOP)} includes {header}, which is {target}'s")
                elif not target and not (path.parent / header).exists() and not (paths.TOP / room / header).exists():
                    wrong.append(f"{path.relative_to(paths.TOP)} includes {header}, which is nowhere")
    for header, room in rooms.items():
        for included in INCLUDE.findall((paths.TOP / "include" / header).read_text()):
            if LADDER.index(rooms[included]) > LADDER.index(room):
                wrong.append(f"{header} ({room}) includes {included} ({rooms[included]})")
    assert not wrong, "\n".join(wrong)
