"""lparun-ci's reports for machines, read by others' tools: JUnit, TAP, KCIDB, GitHub's Markdown, and results.json."""

import collections
import functools
import html.parser
import json
import os
import re
import subprocess
import xml.etree.ElementTree

import pytest

from lab import apt, ci_plays, paths
from lab.failure import LabError

REPORTS_OF = paths.NATIVE / "tests/ci/reports_of"
HERE = paths.TOP / "tests/ci"
RESULTS_SCHEMA = paths.TOP / "docs/results.schema.json"
TOOLS = ["libxml2-utils", "perl", "python3-junitparser", "python3-jsonschema", "cmark-gfm", "locales"]
SOURCES = ["none", "each", "hostile", "many"]
MIB = 1 << 20

pytestmark = pytest.mark.quick


@pytest.fixture(scope="module", autouse=True)
def tools():
    try:
        apt.install("what reads reports", TOOLS)
    except LabError as error:
        pytest.skip(f"what reads reports cannot be had: {str(error).splitlines()[-1]}")


@functools.cache
def report(name, source):
    done = subprocess.run([REPORTS_OF, name, str(source)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


@functools.cache
def schema(path):
    import jsonschema
    validator = jsonschema.validators.validator_for(loaded := json.loads(path.read_text()))
    validator.check_schema(loaded)
    return validator(loaded)


def complaints(path, instance):
    return [f"{error.json_path}: {error.message[:200]}" for error in schema(path).iter_errors(instance)]


def put(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    return tmp_path / name


# --- results.json

def case(name, result="pass", text=None, output=None):
    return {"name": name, "result": result, "text": text, "output": output}


def outcome(verdict, reason="why", **members):
    return {"verdict": verdict, "reason": reason, "signature": None, "stage": "kernel", "hang": None, "seconds": 2.5,
            "exit-status": -1, "flooded": False, "incomplete": False, "folder": "a/1",
            "timeline": [{"name": "start", "seconds": 0.0}], "stages": [{"name": "kernel", "seconds": 0.5}],
            "counts": {"exits.mmio": 7}, "cases": [], "block": [], "last": ["   0.500 hello"], **members}


def boot(name, verdict, reason="why", outcomes=None, **members):
    return {"name": name, "verdict": verdict, "reason": reason, "known": None, "axes": {"mmu": "radix"}, "tags": ["a"],
            "command": ["lparun", "-m", "1G"], "again": "lparun-ci run a.boot --only a", "inputs": [],
            "outcomes": outcomes or [outcome(verdict, reason)], **members}


def kernel(digest="1" * 64):
    return {"what": "kernel", "path": "vmlinux", "sha256": digest, "version": "Linux version 6.12", "size": 9}


def suite(*boots):
    return {"schema": 2, "lparun-ci": "0.1.0", "suite": "tests/a.boot", "started": "2026-01-31T23:59:00Z", "seconds": 9.0,
            "host": "Linux 6.12 ppc64le", "shard": 0, "shards": 0, "all": [one["name"] for one in boots],
            "boots": list(boots)}


EXAMPLE = suite(
    boot("good", "pass", inputs=[kernel()], outcomes=[outcome("pass", cases=[case("mm: a/b"), case("mm: c", "skip")])]),
    boot("bad", "panicked", "Kernel panic - not syncing: no init", inputs=[kernel()],
         outcomes=[outcome("timed out", "late"),
                   outcome("panicked", signature="panic: no init", block=["   1.0 Kernel panic"], last=["   1.1 last"],
                           cases=[case("mm: a/b", "fail", "not 3", "got 4")])]),
    boot("shaky", "flaky", outcomes=[outcome("panicked", "once"), outcome("pass")]),
    boot("known", "known failure", "bug 7 (oops)", known="bug 7", outcomes=[outcome("oopsed", cases=[case("t", "fail")])]),
    boot("stale", "unexpected pass", "it passed, though: bug 8", known="bug 8", outcomes=[outcome("pass")]),
    boot("host", "could not test", "no /dev/kvm", inputs=[kernel("2" * 64)],
         outcomes=[outcome("could not test", cases=[case("t", "fail")])]),
    boot("typo", "wrong", "no such file"),
    boot("mute", "no result"))


@pytest.fixture
def example(tmp_path):
    return put(tmp_path, "results.json", json.dumps(EXAMPLE))


def test_results_schema(example):
    """What is written has its schema, with nothing that the schema does not describe."""
    written = json.loads(report("results", example))
    assert written == EXAMPLE
    for source in ("none", "each"):
        assert not complaints(RESULTS_SCHEMA, json.loads(report("results", source)))
    assert not complaints(RESULTS_SCHEMA, written)
    assert not undescribed(written, json.loads(RESULTS_SCHEMA.read_text()))


def test_results_of_boots(tmp_path):
    """What lparun-ci itself writes has the schema, and each report can be made of it and read."""
    plays = {"good": "say \\x1b[1mhello\\xff]]>\\n\ntell SHUTDOWN guest-shutdown",
             "bad": "say [    1.0] Kernel panic - not syncing: <no init>\\n\nuntil quit"}
    status, boots, said = ci_plays.suite(tmp_path, "[axes]\nwhat = good;bad\n[boot a]\naxes = what\n", plays)
    assert boots, said
    assert (status, {name: boot["verdict"] for name, boot in boots.items()}) == (
        1, {"a[what=good]": "pass", "a[what=bad]": "panicked"}), said
    path = tmp_path / "report/results.json"
    written = json.loads(path.read_text())
    assert not complaints(RESULTS_SCHEMA, written)
    assert not undescribed(written, json.loads(RESULTS_SCHEMA.read_text()))
    assert not complaints(HERE / "kcidb-5.3.schema.json", json.loads(report("kcidb", path)))
    assert [one["ok"] for one in points(report("tap", path))["points"]] == [1, 0]
    root = xml.etree.ElementTree.fromstring(report("junit", path))
    assert [one.get("message") for one in root.iter("failure")] == [
        "Kernel panic - not syncing: <no init> [panic: <no init>]"]
    assert root.get("timestamp") and len(rendered(report("summary", path)).blocks) > 1


@pytest.mark.parametrize("broken", [{"schema": 1}, {"boots": None}, {"all": [1]}, {"seconds": "1"}])
def test_results_schema_finds(broken):
    assert complaints(RESULTS_SCHEMA, {**EXAMPLE, **broken})
    assert complaints(RESULTS_SCHEMA, suite(boot("a", "green")))
    assert complaints(RESULTS_SCHEMA, suite({**boot("a", "pass"), "outcomes": []}))


def undescribed(instance, here, at="", root=None):
    """Members that the schema has no description for."""
    root = root or here
    while "properties" not in here and "items" not in here and "$ref" in here:
        here = root["$defs"][here["$ref"].rsplit("/", 1)[1]]
    if isinstance(instance, list):
        return [found for one in instance if "items" in here
                for found in undescribed(one, here["items"], at + "[]", root)]
    if not isinstance(instance, dict) or "properties" not in here:
        return []
    known = here["properties"]
    missing = [f"{at}.{name}" for name in instance if name not in known or name != "schema" and
               "description" not in known[name] and "description" not in root["$defs"].get(
                   known[name].get("$ref", "").rsplit("/", 1)[-1], {})]
    return missing + [found for name in instance if name in known
                      for found in undescribed(instance[name], known[name], f"{at}.{name}", root)]


# --- JUnit

@pytest.mark.parametrize("source", [*SOURCES, "flood"])
def test_junit_is_well_formed(source, tmp_path, log):
    path = put(tmp_path, "junit.xml", report("junit", source))
    done = subprocess.run(["xmllint", "--noout", "--schema", HERE / "junit.xsd", path], stderr=subprocess.PIPE)
    log.add("xmllint", done.stderr)
    assert done.returncode == 0, done.stderr[-500:]
    assert path.stat().st_size < 15 * MIB


@pytest.mark.parametrize("source", SOURCES)
def test_junit_counts(source, tmp_path):
    """Another's reader counts what the attributes say."""
    import junitparser
    read = junitparser.JUnitXml.fromfile(str(put(tmp_path, "junit.xml", report("junit", source))))
    total = collections.Counter()
    for one in read:
        kinds = collections.Counter(type(result).__name__ for test in one for result in test.result)
        assert (one.failures, one.errors, one.skipped) == (kinds["Failure"], kinds["Error"], kinds["Skipped"])
        assert one.tests == len(list(one))
        total.update(failures=one.failures, errors=one.errors, skipped=one.skipped, tests=one.tests)
    assert total == collections.Counter({name: getattr(read, name) for name in total})
    if source in ("each", "hostile"):
        assert {type(result).__name__ for one in read for test in one for result in test.result} == {
            "Failure", "Error", "Skipped"}


def test_junit_means(example):
    root = xml.etree.ElementTree.fromstring(report("junit", example))
    cases = {(one.get("classname"), one.get("name")): one for one in root.iter("testcase")}
    kinds = {key: [child.tag for child in one if child.tag != "system-out"] for key, one in cases.items()}
    assert kinds == {
        ("a.good", "boot"): [], ("a.good", "mm: a/b"): [], ("a.good", "mm: c"): ["skipped"],
        ("a.bad", "boot"): ["failure", "rerunFailure"], ("a.bad", "mm: a/b"): ["failure"],
        ("a.shaky", "boot"): ["flakyFailure"], ("a.known", "boot"): ["skipped"], ("a.known", "t"): ["skipped"],
        ("a.stale", "boot"): ["failure"], ("a.host", "boot"): ["error"], ("a.host", "t"): ["skipped"],
        ("a.typo", "boot"): ["error"], ("a.mute", "boot"): ["failure"]}
    bad = cases["a.bad", "boot"]
    assert bad.find("failure").attrib == {"type": "panicked",
                                          "message": "Kernel panic - not syncing: no init [panic: no init]"}
    assert "Kernel panic" in bad.find("failure").text and "again: lparun-ci run a.boot" in bad.find("failure").text
    assert bad.find("system-out").text == "   1.1 last\n"
    assert bad.find("rerunFailure").find("stackTrace").text == "late"
    assert cases["a.known", "boot"].find("skipped").get("message") == "bug 7 (oops)"
    assert {one.get("file") for one in cases.values()} == {"tests/a.boot"}


# --- TAP

def points(text):
    """What prove's parser makes of it, and of each subtest."""
    done = subprocess.run(["perl", HERE / "tap_points.pl"], input=text.encode(), stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def subtests(text):
    """Name: TAP of its cases."""
    return [(name, re.sub("^    ", "", body, flags=re.MULTILINE))
            for name, body in re.findall(r"^# Subtest: (.*)\n((?:    .*\n)+)", text, re.MULTILINE)]


def prove(path, status):
    done = subprocess.run(["prove", "--exec", "cat", path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert "Parse errors" not in done.stdout and (done.returncode != 0) == status, done.stdout[-2000:]


def test_tap_means(example, tmp_path):
    text = report("tap", example)
    read = points(text)
    assert not read["errors"] and read["plan"] == "1..8"
    assert [(one["name"], one["ok"], one["counts_as_ok"], one["directive"]) for one in read["points"]] == [
        ("good", 1, 1, ""), ("bad", 0, 0, ""), ("shaky", 1, 1, ""), ("known", 0, 1, "TODO"), ("stale", 0, 0, ""),
        ("host", 0, 0, ""), ("typo", 0, 0, ""), ("mute", 0, 0, "")]
    yaml = read["points"][1]["yaml"]
    assert (yaml["verdict"], yaml["stage"], yaml["signature"]) == ("panicked", "kernel", "panic: no init")
    assert yaml["reason"] == "Kernel panic - not syncing: no init" and yaml["last"] == ["1.1 last"]
    assert read["points"][5]["yaml"]["verdict"] == "could not test"
    assert read["points"][3]["reason"] == "bug 7 (oops)"
    prove(put(tmp_path, "a.tap", text), True)
    cases = {name: [(one["name"], one["counts_as_ok"], one["directive"])
                    for one in points("TAP version 13\n" + body)["points"]] for name, body in subtests(text)}
    assert cases == {"good": [("mm: a/b", 1, ""), ("mm: c", 1, "SKIP")], "bad": [("mm: a/b", 0, "")],
                     "known": [("t", 1, "TODO")], "host": [("t", 1, "SKIP")]}


@pytest.mark.parametrize("source", ["each", "hostile", "many"])
def test_tap_is_tap(source):
    text = report("tap", source)
    read = points(text)
    count = {"each": 15, "hostile": 30, "many": 1000}[source]
    assert not read["errors"] and len(read["points"]) == count
    assert all(one["yaml"]["verdict"] for one in read["points"] if not one["ok"])
    assert len(subtests(text)) == count
    for _, body in subtests(text)[:30]:
        inner = points("TAP version 13\n" + body)
        assert not inner["errors"]
        assert {one["directive"] for one in inner["points"]} <= {"", "TODO", "SKIP"}


def test_prove_by_status(tmp_path):
    """prove is content where lparun-ci is, and nowhere else."""
    for verdict, status in (("pass", False), ("flaky", False), ("known failure", False), ("unexpected pass", True),
                            ("could not test", True), ("wrong", True), ("fail", True)):
        results = put(tmp_path, f"{verdict}.json", json.dumps(suite(boot("a", "pass"), boot("b # TODO", verdict))))
        prove(put(tmp_path, f"{verdict}.tap", report("tap", results)), status)
    assert report("tap", "none").splitlines()[-1].startswith("Bail out!")


# --- KCIDB

def nulls(value):
    if isinstance(value, (dict, list)):
        return sum(map(nulls, value.values() if isinstance(value, dict) else value))
    return value is None


@pytest.mark.parametrize("source", SOURCES)
def test_kcidb_has_its_schema(source):
    read = json.loads(report("kcidb", source))
    assert not complaints(HERE / "kcidb-5.3.schema.json", read)
    assert nulls(read) == 0 and "\\u0000" not in report("kcidb", source)
    ids = {name: [one["id"] for one in read[name]] for name in read if name != "version"}
    assert all(len(set(some)) == len(some) for some in ids.values())
    assert {one["checkout_id"] for one in read["builds"]} == set(ids["checkouts"])
    assert {one["build_id"] for one in read["tests"]} == set(ids["builds"])
    assert {one["issue_id"] for one in read["incidents"]} == set(ids["issues"])
    assert {one["test_id"] for one in read["incidents"]} <= set(ids["tests"])


def test_kcidb_means(example):
    read = json.loads(report("kcidb", example))
    tests = {one["path"]: one for one in read["tests"]}
    assert {path: one["status"] for path, one in tests.items()} == {
        "boot.good": "PASS", "boot.good.mm_a.b": "PASS", "boot.good.mm_c": "SKIP", "boot.bad": "FAIL",
        "boot.bad.mm_a.b": "FAIL", "boot.shaky": "PASS", "boot.known": "FAIL", "boot.known.t": "FAIL",
        "boot.stale": "PASS", "boot.host": "MISS", "boot.host.t": "MISS", "boot.typo": "ERROR", "boot.mute": "ERROR"}
    assert tests["boot.bad"]["number"] == {"value": 2.5, "unit": "s", "prefix": "metric"}
    assert "number" not in tests["boot.host"]
    assert tests["boot.bad"]["log_excerpt"] == "   1.0 Kernel panic\n\n   1.1 last\n"
    assert [one["verdict"] for one in tests["boot.bad"]["misc"]["outcomes"]] == ["timed out", "panicked"]
    assert tests["boot.good"]["build_id"] == tests["boot.bad"]["build_id"] != tests["boot.host"]["build_id"]
    assert tests["boot.good"]["environment"] == {"comment": "Linux 6.12 ppc64le", "misc": {"axes": {"mmu": "radix"}}}
    assert {(one["test_id"], one["present"]) for one in read["incidents"]} == {
        (tests["boot.known"]["id"], True), (tests["boot.known.t"]["id"], True), (tests["boot.stale"]["id"], False)}
    assert json.loads(report.__wrapped__("kcidb", example)) == read, "ids are the same each time"


# --- GitHub

class Structure(html.parser.HTMLParser):
    """The tags that a browser would see, and the text in each code block."""

    def __init__(self, markup):
        super().__init__()
        self.tags = collections.Counter()
        self.blocks = []
        self.open = []
        self.feed(markup)

    def handle_starttag(self, tag, attributes):
        self.tags[tag] += 1
        self.open.append(tag)
        if tag == "pre":
            self.blocks.append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "pre" in self.open:
            self.blocks[-1] += data


def rendered(markdown):
    done = subprocess.run(["cmark-gfm", "--unsafe", "-e", "table", "-e", "autolink", "-e", "strikethrough"],
                          input=markdown.encode(), stdout=subprocess.PIPE, check=True)
    return Structure(done.stdout.decode())


@pytest.mark.parametrize("source, boots, failures, verdicts", [
    ("none", 0, 0, 0), ("each", 15, 12, 15), ("hostile", 30, 24, 15), ("many", None, None, 2)])
def test_summary_has_no_markup_of_a_guests(source, boots, failures, verdicts):
    text = report("summary", source)
    page = rendered(text)
    assert len(text.encode()) < MIB and not page.open
    assert set(page.tags) <= {"h2", "p", "table", "thead", "tbody", "tr", "th", "td", "details", "summary", "pre", "code"}
    assert page.tags["details"] == page.tags["summary"] and page.tags["h2"] == 1
    if boots is not None:
        assert page.tags["details"] == failures
        assert page.tags["td"] == 5 * boots + 2 * verdicts
    if source == "many":
        assert page.tags["details"] > 30 and "more failures" in text
    if source == "hostile":
        assert all(block.endswith("</details>\n") or "red" in block for block in page.blocks)


def test_summary_means(example):
    page = rendered(text := report("summary", example))
    assert page.tags["details"] == 5
    assert page.blocks[:3] == ["lparun-ci run a.boot --only a\n", "   1.0 Kernel panic\n", "   1.1 last\n"]
    assert text.index("❌ bad") < text.index("✅ good"), "news come first"


@pytest.mark.parametrize("source", SOURCES)
def test_annotations_are_commands(source):
    """Each line is one command, with no more properties than are ours, and at most ten are of a kind."""
    lines = report("annotations", source).splitlines()
    found = [re.fullmatch(r"::(error|warning) title=[^:,]+(,file=[^:,]+)?::.+", line) for line in lines]
    assert all(found), [line for line, match in zip(lines, found) if not match]
    kinds = collections.Counter(match[1] for match in found)
    assert max(kinds.values(), default=0) <= 10
    assert (kinds["error"] == 10) == (source != "none")
    assert not any(re.search(r"%(?!25|0A|0D|3A|2C)", line) for line in lines)


def test_numbers_do_not_depend_on_the_locale(example, tmp_path):
    subprocess.run(["localedef", "-i", "de_DE", "-f", "UTF-8", tmp_path / "de_DE.UTF-8"], check=True)
    environment = {**os.environ, "LOCPATH": str(tmp_path), "LC_ALL": "de_DE.UTF-8"}
    comma = subprocess.run(["locale", "decimal_point"], env=environment, stdout=subprocess.PIPE, text=True).stdout
    assert comma == ",\n", "the locale is not in use"
    for name in ("junit", "tap", "kcidb", "summary"):
        done = subprocess.run([REPORTS_OF, name, example], stdout=subprocess.PIPE, check=True, env=environment)
        assert done.stdout.decode() == report(name, example)
