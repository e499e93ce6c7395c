"""Which Debian mirror the trees come from."""

import os
import pathlib
import re

SOURCES = pathlib.Path("/etc/apt")
SUITES = {"bullseye", "bookworm", "trixie", "forky", "sid",
          "oldstable", "stable", "testing", "unstable"}


def arguments():
    """What to add to mmdebstrap's command line: LPARUN_MIRROR, else the mirror that this machine's
    own apt uses for Debian, else nothing (mmdebstrap's default)."""
    if os.environ.get("LPARUN_MIRROR"):
        return [os.environ["LPARUN_MIRROR"]]
    for uri, suite in machine_sources():
        # Not the security archive nor -updates: they need not hold ppc64el in full.
        if suite in SUITES and re.match(r"(https?|file)://", uri):
            return [uri]
    return []


def machine_sources():
    """(URI, suite) of each entry of this machine's apt."""
    for path in [SOURCES / "sources.list", *sorted(SOURCES.glob("sources.list.d/*"))]:
        if not path.is_file():
            continue
        text = re.sub(r"^#.*\n", "", path.read_text(errors="replace"), flags=re.M)
        if path.suffix == ".list":
            yield from re.findall(r"^\s*deb\s+(?:\[[^]]*\]\s*)?(\S+)\s+(\S+)", text, re.M)
        elif path.suffix == ".sources":
            yield from deb822(text)


def deb822(text):
    for stanza in re.split(r"\n\s*\n", text):
        field = {name.lower(): value.split()
                 for name, value in re.findall(r"^(\w[\w-]*):[ \t]*(.*(?:\n[ \t]+.*)*)", stanza, re.M)}
        if "deb" in field.get("types", []):
            for uri in field.get("uris", []):
                for suite in field.get("suites", []):
                    yield uri, suite
