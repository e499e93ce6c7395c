"""What every test shares: the emulated host, the log, the time limit, the order and the count."""

import json
import pathlib
import re
import signal
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from lab import checks, host_table, hosts, paths, runner  # noqa: E402
from lab.failure import HostDied, LabError, Unavailable  # noqa: E402

TEST_LIMIT = 300          # seconds, unless marked limit(seconds)
SHOWN = 6000              # characters of each part of a failed test's log
LOG = pytest.StashKey()
PASSED = pytest.StashKey()


def pytest_addoption(parser):
    parser.addoption("--host", action="append", default=[], help="emulated host to test on")
    parser.addoption("--quick", action="store_true", help="those marked quick alone")
    parser.addoption("--all", action="store_true", help="the whole of each table of tests, not a choice")


def pytest_configure(config):
    config.addinivalue_line("markers", "limit(seconds): the time that this test may take")
    config.addinivalue_line("markers", "one_host: what it tests is the same on all hosts")
    config.addinivalue_line("markers", "on(host): by default on this host alone, which need not be a default one")
    config.addinivalue_line("markers", "short(host...): without --all or --host, on these hosts and no other")
    config.addinivalue_line("markers", "wide: with --all only")
    config.addinivalue_line("markers", "quick: what --quick leaves: units on this machine, the main job on one host")
    config.addinivalue_line("markers", "complains: the guest's kernel is made to complain, or there is none")
    config.addinivalue_line("markers", "needs(make=): what is called, once, before any test runs: it fills the cache")
    config.addinivalue_line("markers", "not_on(host): one of the default hosts where it would only repeat")


# Hosts: one at a time, started when first asked for, started anew when one has died.

class Keeper:
    def __init__(self):
        self.current = None
        self.hopeless = {}    # name: why it could not be started

    def get(self, name):
        if self.current and (self.current.name != name or not self.healthy()):
            self.stop()
        if not self.current:
            if name in self.hopeless:
                pytest.fail(f"host {name} did not start: {self.hopeless[name]}", pytrace=False)
            try:
                host = hosts.make(name)
                host.start()
            except Unavailable:
                raise
            except LabError as error:
                self.hopeless[name] = error
                pytest.fail(str(error), pytrace=False)
            self.current = host
        return self.current

    def healthy(self):
        try:
            return self.current.alive() and self.current.run("true", 20).status == 0
        except HostDied:
            return False

    def stop(self):
        if self.current:
            self.current.stop()
            self.current = None


@pytest.fixture(scope="session")
def keeper():
    kept = Keeper()
    yield kept
    kept.stop()


@pytest.fixture
def host(request, keeper):
    """A running host of the name that this test is parametrized with."""
    return keeper.get(request.param)


def pytest_generate_tests(metafunc):
    if "host" in metafunc.fixturenames and "row" not in metafunc.fixturenames:  # a row has its own host
        metafunc.parametrize("host", hosts_for(metafunc), indirect=True)


def hosts_for(metafunc):
    """Hosts that were asked for get every test; by default each test is where it finds most."""
    asked = metafunc.config.getoption("--host")
    if asked:
        return asked
    names = hosts.default()
    only = metafunc.definition.get_closest_marker("on")
    if only and names != [hosts.LOCAL]:
        return [only.args[0]]
    if metafunc.definition.get_closest_marker("one_host"):
        return names[:1]
    left_out = {mark.args[0] for mark in metafunc.definition.iter_markers("not_on")}
    return [name for name in names if name not in left_out]


def is_wanted(item):
    """Without --all a test marked wide is nowhere; without it and --host one marked short() is on its hosts alone."""
    mark = item.get_closest_marker("short")
    config = item.config
    if config.getoption("--quick") and not item.get_closest_marker("quick"):
        return False
    if item.get_closest_marker("wide") and not config.getoption("--all"):
        return False
    return (not mark or config.getoption("--all") or config.getoption("--host")
            or item.callspec.params.get("host") in (*mark.args, hosts.LOCAL))


def pytest_collection_modifyitems(config, items):
    """Tests without a host first, then all tests of a host together."""
    left_out = [item for item in items if not is_wanted(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    names = [*(config.getoption("--host") or hosts.default()), *host_table.HOSTS]

    def rank(item):
        name = item.callspec.params.get("host") if hasattr(item, "callspec") else None
        return names.index(name) if name in names else -1 if name is None else len(names)

    items.sort(key=rank)


def pytest_collection_finish(session):
    """Make what the tests that are left need: no test's time limit is for that."""
    makers = dict.fromkeys(mark.kwargs["make"] for item in session.items for mark in item.iter_markers("needs"))
    if session.config.option.collectonly:
        return
    with session.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        for make in makers:
            try:
                make()
            except Unavailable as error:
                leave_out(session.items, make, str(error))
            except LabError as error:
                pytest.exit(str(error), 1)


def leave_out(items, make, why):
    for item in items:
        if any(mark.kwargs["make"] is make for mark in item.iter_markers("needs")):
            item.add_marker(pytest.mark.skip(reason=why))


def pytest_report_header():
    return runner.heading()


# Time limit

@pytest.fixture(autouse=True)
def time_limit(request):
    mark = request.node.get_closest_marker("limit")
    seconds = mark.args[0] if mark else TEST_LIMIT

    def over(*_):
        pytest.fail(f"not done after {seconds} s", pytrace=False)

    before = signal.signal(signal.SIGALRM, over)
    signal.alarm(seconds)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


# Log: what the programs under test wrote, kept in build-lab/logs and shown on failure

class Log:
    def __init__(self):
        self.parts = []

    def add(self, title, content):
        if isinstance(content, bytes):
            content = content.decode(errors="replace")
        self.parts.append((title, printable(content)))


def printable(text):
    """Without the terminal control that firmware and boot loaders send."""
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text.replace("\r", ""))
    return "".join(c if c in "\n\t" or c.isprintable() else "?" for c in text)


@pytest.fixture
def log(request):
    """What is added as "console" is a guest's, whose kernel must not complain of anything."""
    kept = request.node.stash[LOG] = Log()
    yield kept
    if request.node.get_closest_marker("complains") or not request.node.stash.get(PASSED, False):
        return
    found = [line for title, content in kept.parts if title == "console" for line in checks.complaints(content)]
    if found:
        pytest.fail("the guest's kernel complains:\n" + "\n".join(found), pytrace=False)


def skip(report, item, why):
    """What the mirror does not have is no fault of what is tested."""
    path, number, _ = item.location
    report.outcome, report.longrepr = "skipped", (path, (number or 0) + 1, f"Skipped: {why}")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if call.excinfo and isinstance(call.excinfo.value, Unavailable):
        skip(report, item, call.excinfo.value)
    kept = item.stash.get(LOG, None)
    if call.when != "call" or kept is None:
        return
    item.stash[PASSED] = report.passed
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", item.name).strip("-") + ".log"
    text = "".join(f"=== {title}\n{content}\n" for title, content in kept.parts)
    paths.LOGS.mkdir(parents=True, exist_ok=True)
    (paths.LOGS / name).write_text(f"{text}=== {report.outcome}\n{report.longreprtext}\n")
    if report.failed:
        report.sections += [(title, content[-SHOWN:]) for title, content in kept.parts]


# Count

def pytest_terminal_summary(terminalreporter):
    stats = terminalreporter.stats
    counts = {word: len(stats.get(word, [])) for word in ("passed", "failed", "skipped")}
    counts["failed"] += len(stats.get("error", []))
    runner.COUNTS.parent.mkdir(parents=True, exist_ok=True)
    runner.COUNTS.write_text(json.dumps(counts))
