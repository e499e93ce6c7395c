"""A Debian release as a mirror has it: under its codename and under an alias, which may be out of step.

A mirror that is being brought up to date names versions in its indices that are not in its pool yet, or no longer."""

import dataclasses
import datetime
import email.utils
import re
import subprocess
import tempfile
import urllib.parse

from lab import mirror
from lab.failure import LabError, Unavailable

ALIASES = ("stable", "oldstable", "oldoldstable")
HELPER = "/usr/lib/apt/apt-helper"   # fetches as apt does: the machine's proxies hold for it, too
ROUNDS = 8                # of looking for versions that the pool has
FETCH_LIMIT = 120         # seconds
ANSWERS = r"4\d\d  [^\[\n]*|File not found[^\n]*|File has unexpected size|Hash Sum mismatch"
REFUSED = re.compile(rf"^(?:E: |W: )?Failed to fetch (\S+)\s+({ANSWERS})", re.M)
UNKNOWN = re.compile(r"^E: (?:Unable to locate|Can't select candidate version from|Package) (?:package )?'?([^\s']+)'?"
                     r"(?: as it has no candidate| has no installation candidate)?$", re.M)


@dataclasses.dataclass(frozen=True)
class Suite:
    """One folder of dists."""
    name: str
    codename: str
    version: str
    expired: bool

    def __str__(self):
        return f"{self.name} {self.version}".strip()


@dataclasses.dataclass(frozen=True)
class Way:
    """Suites to take packages from together, and what was found lacking before."""
    suites: tuple
    lacking: dict         # name of a file, or of a package that no index names: the mirror's answer

    def sources(self):
        return [mirror.line(suite.name) for suite in self.suites]

    def pins(self):
        """apt's preferences: the sources whose files the pool lacks are not to be had in that version."""
        stanzas = {pin(*lack) for lack in self.lacking if isinstance(lack, tuple)}
        return "\n".join(sorted(stanzas))

    def expired(self):
        return any(suite.expired for suite in self.suites)

    def told(self, codename):
        """A line for the person, where this is not simply the release by its codename."""
        taken = " and ".join(map(str, self.suites))
        notes = [f"taken from {taken}: {reasons(self.lacking)}"] if self.lacking else []
        notes += [f"the index of {suite.name} has expired and is used all the same"
                  for suite in self.suites if suite.expired]
        return "; ".join(notes) and f"Debian {codename}: " + "; ".join(notes)


def pin(source, version):
    # The pool's names of files are without the epoch.
    return "".join(f"Package: src:{source}\nPin: version {pattern}\nPin-Priority: -1\n\n"
                   for pattern in (version, f"?:{version}"))


def reasons(lacking):
    first, answer = next(iter(lacking.items()))
    first = " ".join(first) if isinstance(first, tuple) else first
    more = f", and {len(lacking) - 1} more" if len(lacking) > 1 else ""
    return f"{first} ({answer}){more}"


def refusals(log):
    """What apt's log says that the mirror does not have: (source, version) of files in the pool, else a name."""
    found = {}
    for address, answer in REFUSED.findall(log):
        found[source_of(address)] = " ".join(answer.split())
    for name in UNKNOWN.findall(log):
        found[name] = "no index names it"
    return found


def source_of(address):
    path = urllib.parse.unquote(urllib.parse.urlparse(address).path)
    in_pool = re.search(r"/pool/.+/([^/]+)/[^/_]+_([^/_]+)_[^/]+\.deb$", path)
    return in_pool.groups() if in_pool else path.lstrip("/")


def ways(codename, lacking):
    """Ways to try in turn; the caller adds to lacking what one of them did not find.

    The suite by its codename, then by the aliases that are the same release, then all of them together, in
    what versions the pool is not known to lack."""
    suites = []
    for name in (codename, *ALIASES):
        suite = read(name, lacking if name == codename else {})
        if suite and suite.codename == codename:
            suites.append(suite)
            yield Way((suite,), dict(lacking))
    known = -1
    for _ in range(ROUNDS):
        if not suites or len(lacking) == known:
            return
        known = len(lacking)
        yield Way(tuple(suites), dict(lacking))


def read(name, lacking):
    """What the Release file of a suite says; None, and a note in lacking, if the mirror has none."""
    for file in ("InRelease", "Release"):
        text, log = fetch(f"{mirror.address()}/dists/{name}/{file}")
        if text is not None:
            return parse(name, text)
        answer = refusals(log)
        if not answer:
            raise LabError(f"the mirror {mirror.address()} does not answer:\n{log.strip()[-1000:]}")
    lacking.update(answer)
    return None


def fetch(address):
    """The text at an address, or None and why."""
    with tempfile.NamedTemporaryFile("w+", errors="replace") as file:
        try:
            done = subprocess.run([HELPER, "-o", "APT::Sandbox::User=root", "-o", "Acquire::Retries=2",
                                   "download-file", address, file.name], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=FETCH_LIMIT)
        except subprocess.TimeoutExpired:
            return None, f"{address}: nothing came in {FETCH_LIMIT} s"
        if done.returncode != 0:
            return None, done.stdout
        with open(file.name, errors="replace") as fetched:  # which may be another file by that name now
            return fetched.read(), ""


def parse(name, text):
    fields = dict(re.findall(r"^(Codename|Version|Valid-Until): (.+)$", text, re.M))
    until = fields.get("Valid-Until")
    now = datetime.datetime.now(datetime.timezone.utc)
    expired = bool(until) and email.utils.parsedate_to_datetime(until.replace("UTC", "+0000")) < now
    return Suite(name, fields.get("Codename", ""), fields.get("Version", ""), expired)


def unavailable(what, codename, lacking):
    return Unavailable(f"{what} is not to be had of Debian {codename}: {reasons(lacking)}")
