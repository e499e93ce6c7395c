"""Makes tests/unit/qmp_schema.txt of QEMU's schema: python3 -m lab.qmp_schema LINES, those of test_qmp_schema.

Of QEMU's schema the file has what lparun has, and what QEMU's answers have always; what QEMU has not is told.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from lab import emulator, paths

FILE = paths.TOP / "tests/unit/qmp_schema.txt"
REQUESTS = '{"execute":"qmp_capabilities"}{"execute":"query-qmp-schema"}{"execute":"quit"}'


class Walk:
    """As in test_qmp_schema.c; only into objects that lparun's lines have, which ends where these do."""

    def __init__(self, schema, ours):
        self.infos = {info["name"]: info for info in schema}
        self.ours = ours
        self.lines = set()

    def members(self, path, info, is_result):
        for member in info["members"]:
            optional = "default" in member
            inner = f"{path}.{member['name']}{'?' if optional else ''}"
            if is_result and not optional or any(line.startswith(inner + mark) for line in self.ours for mark in " "):
                self.type(inner, member["type"], is_result)

    def variants(self, path, info, is_result):
        self.lines.add(f"{path} by {info['tag']}")
        for variant in info["variants"]:
            inner = f"{path}{{{variant['case']}}}"
            if f"{inner} object" in self.ours:
                self.type(inner, variant["type"], is_result)

    def type(self, path, name, is_result):
        info = self.infos[name]
        meta = info["meta-type"]
        line = f"{path} {name if meta == 'builtin' else meta}"
        self.lines.add(line)
        if line not in self.ours:
            return
        if meta == "array" and any(other.startswith(f"{path}[] ") for other in self.ours):
            self.type(f"{path}[]", info["element-type"], is_result)
        elif meta == "enum":
            self.lines |= {f"{path}={word}" for word in info["values"]} & self.ours
        elif meta == "alternate":
            for member in info["members"]:
                if self.kind(path, member["type"]) in self.ours:
                    self.type(path, member["type"], is_result)
        elif meta == "object":
            self.members(path, info, is_result)
            if f"{path} by {info.get('tag')}" in self.ours:
                self.variants(path, info, is_result)

    def kind(self, path, name):
        meta = self.infos[name]["meta-type"]
        return f"{path} {name if meta == 'builtin' else meta}"


def theirs():
    """QEMU's list of SchemaInfo."""
    with tempfile.TemporaryDirectory() as folder:
        firmware = Path(folder, "none")
        firmware.write_bytes(bytes(1 << 16))
        machine = ["-M", "pseries", "-nodefaults", "-display", "none", "-S", "-bios", firmware, "-qmp", "stdio"]
        command = [*emulator.command("qemu-system-ppc64"), *machine]
        output = subprocess.run(command, env=emulator.environment(), input=REQUESTS, text=True, check=True,
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    answers = [json.loads(line) for line in output.splitlines()]
    return next(answer["return"] for answer in answers if answer.get("return"))


def main():
    ours = set(Path(sys.argv[1]).read_text(encoding="utf-8").splitlines())
    schema = theirs()
    walk = Walk(schema, ours)
    for info in schema:
        if info["meta-type"] in ("command", "event") and f"{info['name']}() object" in ours:
            walk.type(f"{info['name']}()", info["arg-type"], False)
            if info["meta-type"] == "command":
                walk.type(info["name"], info["ret-type"], True)
    FILE.write_text("".join(f"{line}\n" for line in sorted(walk.lines)), encoding="utf-8")
    for line in sorted(ours - walk.lines):
        print(f"not in QEMU's schema: {line}")
    for line in sorted(walk.lines - ours):
        print(f"lparun lacks: {line}")
    return ours != walk.lines


if __name__ == "__main__":
    sys.exit(main())
