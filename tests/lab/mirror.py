"""Which Debian mirror the trees come from."""

import os
import pathlib
import re

from lab.failure import LabError

SOURCES = pathlib.Path("/etc/apt")
KEYRINGS = [f"/usr/share/keyrings/debian-archive-keyring.{kind}" for kind in ("gpg", "pgp")]
SUITES = {"bullseye", "bookworm", "trixie", "forky", "sid",
          "oldstable", "stable", "testing", "unstable"}


def entry():
    """The options (in brackets, or nothing) and the address of the mirror, as in sources.list: LPARUN_MIRROR, else
    the mirror that this machine's own apt uses for Debian."""
    given = os.environ.get("LPARUN_MIRROR")
    if given:
        found = re.fullmatch(r"\s*(\[[^]]*\])?\s*(\w+://\S+)\s*", given)
        if not found:
            raise LabError(f"LPARUN_MIRROR is {given!r}: it names a Debian mirror as sources.list does, by its address")
        return found.groups("") if found[1] else (signed(), found[2])
    for uri, suite in machine_sources():
        # Not the security archive nor -updates: they need not hold ppc64el in full.
        if suite in SUITES and re.match(r"(https?|file)://", uri):
            return signed(), uri
    raise LabError("this machine's apt has no Debian mirror: name one by LPARUN_MIRROR")


def signed():
    """Which keys sign a release, whichever release this machine runs itself."""
    found = [path for path in KEYRINGS if os.path.exists(path)]
    return f"[signed-by={found[0]}]" if found else ""


def address():
    return entry()[1].rstrip("/")


def line(suite):
    """The line of sources.list for a suite."""
    options, uri = entry()
    return " ".join(word for word in ("deb", options, uri, suite, "main") if word)


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
