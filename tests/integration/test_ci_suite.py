"""lparun-ci's boot files, several boots at once, retries, limits and ends, on what a false lparun plays."""

import hashlib
import json
import os
import pathlib
import re
import shlex
import signal
import subprocess
import tempfile
import time

import pytest

from lab import ci_plays, paths
from lab.ci_plays import CI, FALSE, LIMIT

GOOD = "say Linux version 6.1\\n\nsay Welcome\\n\nuntil quit"
PANIC = "say Linux version 6.1\\n\nsay Kernel panic - not syncing: x\\n\nuntil quit"
POWER_OFF = "tell SHUTDOWN guest-shutdown\nexit 0"
SILENT = "say SLOF ****\\n\nuntil quit"
HOST = "error lparun: no memory\nexit 1"
PLAYS = {"good": GOOD, "panic": PANIC, "power-off": POWER_OFF, "silent": SILENT, "host": HOST}


def verdicts(boots):
    return {name: boot["verdict"] for name, boot in boots.items()}


def test_axes(tmp_path):
    """Axes multiply, a value's settings count for its cells, what is excluded is gone, and names are stable."""
    status, boots, text = ci_plays.suite(tmp_path, """
[axes]
what = good;panic;power-off
cpus = 1;4
[value what=good]
step.1 = expect Welcome
[value what=panic]
expected = fail
because = bug 12
[boot linux]
axes = what;cpus
exclude = what=panic,cpus=4
include = what=silent,cpus=2
smp = ${cpus}
[value what=silent]
timeout = 0.3
""", PLAYS, "-j", "4")
    assert verdicts(boots) == {
        "linux[what=good,cpus=1]": "pass", "linux[what=good,cpus=4]": "pass",
        "linux[what=panic,cpus=1]": "known failure", "linux[what=power-off,cpus=1]": "pass",
        "linux[what=power-off,cpus=4]": "pass", "linux[what=silent,cpus=2]": "timed out"}, text
    assert status == 1
    assert boots["linux[what=panic,cpus=1]"]["reason"].startswith("bug 12 (Kernel panic")
    assert boots["linux[what=good,cpus=4]"]["axes"] == {"what": "good", "cpus": "4"}
    assert "4 pass, 1 timed out, 1 known failure" in text


WRONG = {
    "key": ("[boot a]\nkernle = x\n", "a: kernle: no such key"),
    "group": ("[boots]\n", "[boots]: give [suite]"),
    "axis": ("[boot a]\naxes = mmu\n", "[axes] has no values of mmu"),
    "exclude": ("[axes]\nmmu = a;b\n[boot a]\naxes = mmu\nexclude = mmu=c\n", "'mmu=c' excludes nothing"),
    "include": ("[axes]\nmmu = a;b\nn = 1\n[boot a]\naxes = mmu;n\ninclude = mmu=c\n", "names all axes"),
    "name": ("[boot a]\nkernel = ${none_such}\n", "${none_such}: no axis"),
    "regex": ("[boot a]\nstep.1 = expect (\n", "a: step.1: "),
    "step": ("[boot a]\nstep.1 = hope x\n", "begin with expect, prompt, send"),
    "seconds": ("[boot a]\ntimeout = soon\n", "a: timeout: give seconds"),
    "stage": ("[boot a]\ntimeout.nowhere = 3\n", "there is no stage nowhere"),
    "pass": ("[boot a]\npass = luck\n", "luck: give power-off"),
    "allow": ("[boot a]\nallow.x.count = 3\n", "allow.x: give what is allowed"),
    "two": ("[boot a]\ntimeout = x\n[boot b]\npass = y\n", "b: pass:"),
    "none": ("[suite]\nname = x\n", "there is no boot"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_file(name, tmp_path):
    text, message = WRONG[name]
    (tmp_path / "wrong.boot").write_text(text)
    for command in ("run", "check", "list"):
        status, _, said = ci_plays.run(tmp_path, "wrong.boot", command=command)
        assert (status, message in said) == (2, True), said
    assert ci_plays.run(tmp_path, "wrong.boot", "--bisect")[0] == 128


def test_include_and_check(tmp_path):
    """A boot file goes on with another's, whose paths are from where that lies; check names files that lack."""
    (tmp_path / "more").mkdir()
    (tmp_path / "more/base.boot").write_text("[defaults]\nkernel = vmlinux\n")
    (tmp_path / "a.boot").write_text("[suite]\ninclude = more/base.boot\n[boot a]\n[boot b]\nkernel = other\n")
    status, _, said = ci_plays.run(tmp_path, "a.boot", command="check")
    assert status == 2 and "a: kernel: there is no file more/vmlinux" in said and "file other" in said, said
    (tmp_path / "more/vmlinux").write_text("x")
    (tmp_path / "other").write_text("x")
    assert ci_plays.run(tmp_path, "a.boot", command="check")[::2] == (0, "2 boots, nothing is wrong\n")
    assert ci_plays.run(tmp_path, "a.boot", "--boot", "b*", command="list")[::2] == (0, "b\n")
    (tmp_path / "loop.boot").write_text("[suite]\ninclude = loop.boot\n")
    assert "included too deep" in ci_plays.run(tmp_path, "loop.boot", command="check")[2]


def test_check_warns(tmp_path):
    """Of an expectation that other text fits; not of a good one."""
    (tmp_path / "a.boot").write_text("[boot a]\nstep.weak = expect # $\nstep.good = expect login: $\nstep.any = expect .\n")
    status, _, said = ci_plays.run(tmp_path, "a.boot", command="check")
    assert status == 0 and "step.weak: warning" in said and "step.any: warning" in said and "step.good" not in said, said


def test_wanted_alone_need_be_right(tmp_path):
    """A boot that is not asked for may want names that nobody gave."""
    (tmp_path / "a.boot").write_text("""
[axes]
side = left;right
[boot a]
kernel = ${given}
[boot b]
axes = side
kernel = ${not_given}
tags = ${side}; both
""")
    def listed(*options):
        return ci_plays.run(tmp_path, "a.boot", *options, command="list")[::2]
    assert listed("-Dgiven=x", "--boot", "a") == (0, "a\n")
    assert listed("-Dnot_given=x", "--tag", "left") == (0, "b[side=left]\n")
    assert listed("-Dnot_given=x", "--tag", "both") == (0, "b[side=left]\nb[side=right]\n")
    for options in (["-Dgiven=x"], ["-Dgiven=x", "--tag", "left"], ["-Dgiven=x", "--boot", "b*"]):
        assert listed(*options)[0] == 2
    assert "no boot fits --boot and --tag" in listed("--tag", "up")[1]


def test_here_of_a_file_elsewhere(tmp_path):
    (tmp_path / "more").mkdir()
    (tmp_path / "more/a.boot").write_text("[boot a]\nkernel = ${here}/vmlinux\n")
    (tmp_path / "more/vmlinux").write_text("x")
    assert ci_plays.run(tmp_path, "more/a.boot", command="check")[::2] == (0, "1 boots, nothing is wrong\n")


def test_the_line_that_runs_it_again(tmp_path):
    """It runs that boot alone, whatever the first line chose."""
    text = "[axes]\nn = 1;2\n[boot a b]\naxes = n\nstep.1 = expect Welcome\n[boot c]\n"
    _, boots, _ = ci_plays.suite(tmp_path, text, PLAYS, "--boot", "a*", "--tag=x", "--set", "tags=x", "--shard", "1/1", "--",
                                 "-x-play", tmp_path / "panic")
    assert list(boots) == ["a b[n=1]", "a b[n=2]"]
    line = shlex.split(boots["a b[n=2]"]["again"])
    assert line == ["lparun-ci", "run", "suite.boot", "--report", "report", "--set", "tags=x", "--boot", "a b[n=2]", "--",
                    "-x-play", f"{tmp_path}/panic"]
    assert [boot["name"] for boot in ci_plays.run(tmp_path, *line[2:])[1]["boots"]] == ["a b[n=2]"]
    _, outcome, said = ci_plays.play(tmp_path, PANIC, "--expect", "never $", "--name", "one")
    assert f"one: again: lparun-ci run --lparun {FALSE} --report report --expect 'never $' --name one -- -x-play" in said


EXAMPLES = sorted((paths.TOP / "examples/ci").glob("*.boot"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_examples_are_run_as_they_say(example, tmp_path):
    """The lines of their comments, on files of those names in today's folder."""
    lines = re.findall(r"lparun-ci (run .*\.boot .*)", example.read_text())
    assert lines
    for line in lines:
        for path in re.findall(r"=\$PWD/(\S+)", line):
            (tmp_path / path).parent.mkdir(exist_ok=True)
            (tmp_path / path).touch()
        command, boot_file, *words = shlex.split(line.replace("$PWD", str(tmp_path)))
        assert (command, pathlib.Path(boot_file).name) == ("run", example.name)
        status, _, said = ci_plays.run(tmp_path, example, *words, command="check")
        assert (status, "nothing is wrong" in said) == (0, True), said


BAD_LINES = {
    "option": ("run", ["--no-such-option"], "Unknown option"),
    "file": ("run", ["no-such.boot"], "No such file"),
    "shard": ("run", ["--shard", "4/3"], "give K/N"),
    "no-command": ("exec", ["--kernel", "x"], "give a command"),
    "no-dashes": ("exec", ["--kernel", "x", "uname", "-a"], "the command comes behind --"),
    "collect": ("exec", ["--kernel", "x", "--collect", "/y", "--", "z"], "give --report"),
}


@pytest.mark.parametrize("name", BAD_LINES)
def test_bisect_stops_at_a_bad_line(name, tmp_path):
    """git bisect run would take any other status for the commit's fault."""
    command, options, message = BAD_LINES[name]
    for more, wanted in (([], 2), (["--bisect"], 128)):
        status, _, said = ci_plays.run(tmp_path, *more, *options, command=command)
        assert (status, message in said) == (wanted, True), said


def test_retries_and_repeats(tmp_path):
    """The host's fault is tried again; a failure only where it is wanted, and is flaky when it passes then."""
    once = "say Linux version 6.1\\n\nfirst Kernel panic - not syncing: x\nsay Welcome\\n\nuntil quit"
    host = "first-status 1 lparun: no memory\nsay Welcome\\n\nuntil quit"
    status, boots, text = ci_plays.suite(tmp_path, """
step.1 = expect Welcome
[boot once]
arguments = -x-play ${here}/once -x-mark ${here}/mark1
[boot again]
arguments = -x-play ${here}/once -x-mark ${here}/mark2
retry-failures = on
[boot repeated]
arguments = -x-play ${here}/once -x-mark ${here}/mark3
repeat = 3
[boot host]
arguments = -x-play ${here}/host -x-mark ${here}/mark4
[boot no-host]
arguments = -x-play ${here}/no-host
""", {"once": once, "host": host, "no-host": HOST})
    assert verdicts(boots) == {"once": "panicked", "again": "flaky", "repeated": "flaky", "host": "pass",
                               "no-host": "could not test"}, text
    assert [len(boot["outcomes"]) for boot in boots.values()] == [1, 2, 3, 2, 2]
    assert "2 of 3 runs passed; panicked: Kernel panic" in boots["repeated"]["reason"]
    assert status == 1
    assert {path.name for path in (tmp_path / "report/boots/repeated").iterdir()} == {"run-1", "run-2", "run-3"}
    assert (tmp_path / "report/boots/repeated/run-1/console.txt").read_text().count("Kernel panic") == 1


@pytest.mark.parametrize("boot, options, status", [
    ("good", [], 0), ("good", ["--bisect"], 0), ("panic", ["--bisect"], 1), ("host", ["--bisect"], 125), ("host", [], 3),
    ("good panic host", [], 1), ("good host", [], 3)])
def test_exit_status(boot, options, status, tmp_path):
    text = "step.1 = expect Welcome\nretries = 0\n" + "".join(
        f"[boot {name}]\narguments = -x-play ${{here}}/{name}\n" for name in boot.split())
    assert ci_plays.suite(tmp_path, text, PLAYS, *options)[0] == status


def test_bisect_of_no_boot(tmp_path):
    """What goes wrong beside the guest makes no commit bad: 1 to 124 would."""
    (tmp_path / "play").write_text(GOOD)
    boot = ["--lparun", FALSE, "--expect", "Welcome", "--", "-x-play", tmp_path / "play"]
    for options, status in ((["--no-such"], 128), (["--shard", "9/3"], 128), (["--report", "/dev/full/none"], 125)):
        assert ci_plays.run(tmp_path, "--bisect", *options, *boot)[0] == status
    assert ci_plays.run(tmp_path, "--bisect", "--no-such", command="exec")[0] == 128
    assert ci_plays.run(tmp_path, "--no-such", "--", "--bisect")[0] == 2


def test_failure_before_the_hosts_fault(tmp_path):
    """A run that failed counts, although the host could not make the one after it."""
    play = "first Kernel panic - not syncing: x\nerror lparun: no memory\nexit 1"
    status, boots, said = ci_plays.suite(tmp_path, """
step.1 = expect Welcome
[boot repeated]
arguments = -x-play ${here}/play -x-mark ${here}/mark1
repeat = 2
[boot again]
arguments = -x-play ${here}/play -x-mark ${here}/mark2
retry-failures = on
""", {"play": play})
    assert (status, verdicts(boots)) == (1, {"repeated": "panicked", "again": "panicked"}), said


def test_ended_from_outside(tmp_path):
    """A guest that somebody ended did not fail."""
    plays = {"panic": f"wait-for {tmp_path}/mark\n{PANIC}", "silent": "say SLOF ****\\n\nmark\nuntil quit",
             "signal": "say SLOF ****\\n\ntell SHUTDOWN host-signal\nexit 0"}
    text = "retries = 0\nstep.1 = expect Welcome\n" + "".join(
        f"[boot {name}]\narguments = -x-play ${{here}}/{name} -x-mark {tmp_path}/mark\n" for name in plays)
    status, boots, said = ci_plays.suite(tmp_path, text, plays, "-j", "2", "-x", "--boot", "panic", "--boot",
                                         "silent")
    assert (status, verdicts(boots)) == (1, {"panic": "panicked", "silent": "could not test"}), said
    assert boots["silent"]["reason"] == "it was interrupted"
    status, boots, said = ci_plays.suite(tmp_path, text, plays, "--boot", "signal")
    assert (status, verdicts(boots)) == (3, {"signal": "could not test"}), said


KERNEL = "say Linux version 6.1\\n\nuntil quit"
LIMITS = {
    "whole": ("timeout = 0.5", SILENT, "0.5 s were over in stage firmware; waited for 'never'"),
    "stage": ("timeout.kernel = 0.5", KERNEL, "stage kernel took more than 0.5 s; waited"),
    "silence": ("silence = 0.5", SILENT, "the console kept silent for 0.5 s in stage firmware"),
    "silence-at-a-prompt": ("silence = 2.5\ntimeout = 6\nstep.1 = prompt never", SILENT,
                            "the console kept silent for 2.5 s in stage firmware"),
    "run-time": ("run-time = 0.3", "say SLOF ****\\n\nspin\n", "the vCPUs ran for 0.3 s, and came to stage firmware"),
}


def test_limits(tmp_path):
    """Four kinds of limits, each by its name; what a guest says when it is asked where it is is no news."""
    answered = "until inject-nmi\nsay Oops: System Reset, sig: 6 [#1]\\n\nuntil quit"
    plays = {name: row[1].replace("until quit", answered) for name, row in LIMITS.items()}
    text = "step.1 = expect never\n" + "".join(f"[boot {name}]\narguments = -x-play ${{here}}/{name}\n{row[0]}\n"
                                               for name, row in LIMITS.items())
    status, boots, said = ci_plays.suite(tmp_path, text, plays, "-j", "4")
    for name, (_, _, reason) in LIMITS.items():
        outcome = boots[name]["outcomes"][0]
        assert (outcome["verdict"], outcome["reason"][:len(reason)]) == ("timed out", reason), said
        assert name == "run-time" or "Oops: System Reset" in outcome["last"][-1]
    assert status == 1


USUAL = {
    "firmware": "SLOF **********", "loader": "Welcome to GRUB!", "kernel": "[    0.000000] Linux version 6.1",
    "init": "Welcome to Debian GNU/Linux 13 (trixie)!", "login": "debian login: ",
}


@pytest.mark.parametrize("stage", USUAL)
def test_usual_stages(stage, tmp_path):
    """One after the other, and none is taken for a later one."""
    said = list(USUAL.values())[:list(USUAL).index(stage) + 1]
    play = "".join(f"say {line}\\n\n" for line in said) + "until quit"
    _, outcome, text = ci_plays.play(tmp_path, play, "--expect", "never", "--timeout", "0.3")
    assert (outcome["verdict"], outcome["stage"]) == ("timed out", stage), text
    assert [one["name"] for one in outcome["stages"]] == list(USUAL)[:len(said)]


def test_time_scale(tmp_path):
    _, outcome, said = ci_plays.play(tmp_path, SILENT, "--timeout", "0.2", "--time-scale", "2")
    assert outcome["reason"].startswith("0.4 s were over"), said
    assert ci_plays.play(tmp_path, GOOD, "--time-scale", "auto", "--expect", "Welcome")[0] == 0


VCPU = '{"cpu-index": 0, "thread-id": 1, "state": "%s", "nip": "0xc000000000001234", "msr": "0x8000000000001033"}'
IO = '{"disks": [{"qdev": "d0", "outstanding": %d, "done": 5}], "console": {"polls": 0, "waiting": 0}}'
HANGS = {
    "spinning": ("running", 0, "0xc000000000001234 (vCPU 0)"),
    "asleep": ("ceded", 0, "all vCPUs asleep"),
    "stopped": ("stopped", 0, "stopped"),
    "disk": ("running", 1, "a disk request is outstanding (d0"),
}


def test_hangs(tmp_path):
    """The kind of hang is in the reason, and in the results; how each is told is test_ci_hang's."""
    plays = {name: f"answer x-lparun-vcpus {{\"vcpus\": [{VCPU % state}]}}\nanswer x-lparun-io {IO % waiting}\n{SILENT}"
             for name, (state, waiting, _) in HANGS.items()}
    text = "timeout = 0.3\n" + "".join(f"[boot {name}]\narguments = -x-play ${{here}}/{name}\n" for name in HANGS)
    _, boots, said = ci_plays.suite(tmp_path, text, plays, "-j", "4")
    for name, (_, _, kind) in HANGS.items():
        outcome = boots[name]["outcomes"][0]
        assert outcome["verdict"] == "timed out" and kind in outcome["hang"], said
        assert outcome["reason"].endswith(outcome["hang"])
        assert "nip 0xc000000000001234" in outcome["block"][0]


def test_steps(tmp_path):
    """Steps in their order: a line's text counts once, monitor's commands, a pause, a prompt that a message hid."""
    status, outcome, text = ci_plays.play(tmp_path, """\
say 0 > \nread one\nsay one 0 > \nread two\nsay two done\\n
until stop\nuntil cont\nuntil x-lparun-stats\nsay logi[  1.0] message n: \nread \\r\nsay \\nlogin: \nread root\n\
say root\\n\nuntil system_powerdown\ntell SHUTDOWN guest-shutdown\nuntil quit""",
                                         "--expect", "0 > $", "--send", "one", "--expect", "0 > $", "--send", "two",
                                         "--expect", "done", "--step", "pause 0.2", "--step", "qmp x-lparun-stats",
                                         "--prompt", "login: $", "--send", "root", "--step", "powerdown",
                                         "--pass", "power-off")
    assert (status, outcome["verdict"]) == (0, "pass"), text


def test_conditions(tmp_path):
    """Reboots are counted, a stage can be what a boot passes by, lines of its own can fail it or be allowed."""
    warning = "say WARNING: CPU: 0 PID: 1 at kernel/a.c:7 do_it+0x1/0x2\\n\n"
    status, boots, text = ci_plays.suite(tmp_path, """
[boot reboots]
arguments = -x-play ${here}/reboots
pass = reboots 1; stage init
[boot reboots-twice]
arguments = -x-play ${here}/twice
pass = reboots 1; power-off
[boot own-stage]
arguments = -x-play ${here}/stage
stage.ready = all is (ready|well)
pass = stage ready
[boot fails]
arguments = -x-play ${here}/stage
fail.well = is ready
[boot allowed]
arguments = -x-play ${here}/warns
allow.it = do_it
allow.it.count = 1
[boot one-too-many]
arguments = -x-play ${here}/warns2
allow.it = do_it
allow.it.count = 1
""", {"reboots": "say Linux version 6\\n\ntell RESET guest-reset\nsay Run /init as init process\\n\nuntil quit",
      "twice": "tell RESET guest-reset\ntell RESET guest-reset\nuntil quit",
      "stage": "say all is ready\\n\nuntil quit", "warns": warning + POWER_OFF, "warns2": warning * 2 + POWER_OFF})
    assert verdicts(boots) == {"reboots": "pass", "reboots-twice": "rebooted", "own-stage": "pass", "fails": "fail",
                               "allowed": "pass", "one-too-many": "fail"}, text
    assert boots["fails"]["outcomes"][0]["signature"] == "fail.well"
    assert status == 1


@pytest.mark.parametrize("elsewhere", [False, True])
def test_disks_are_copies(elsewhere, tmp_path):
    """What a guest writes to a disk is gone with the run; the image may be on another file system."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if elsewhere else tmp_path) as folder:
        disk = pathlib.Path(folder) / "disk"
        disk.write_bytes(b"before")
        os.truncate(disk, 16 << 20)
        status, outcome, text = ci_plays.play(tmp_path, "overwrite\nsay done\\n\nuntil quit", "--disks", disk, "--expect",
                                              "done")
        assert status == 0, text
        assert disk.open("rb").read(6) == b"before"
    assert ci_plays.play(tmp_path, GOOD, "--disks", "/none/such")[1]["reason"].startswith("/none/such: ")


def test_jobs_run_at_once(tmp_path):
    """Four boots that each wait for the three others."""
    text = "".join(f"[boot {i}]\narguments = -x-play ${{here}}/wait -x-mark ${{here}}/mark{i}\n" for i in range(4))
    marks = " ".join(str(tmp_path / f"mark{i}") for i in range(4))
    status, boots, said = ci_plays.suite(tmp_path, text, {"wait": f"mark\nwait-for {marks}\n{POWER_OFF}"}, "-j", "4")
    assert (status, len(boots)) == (0, 4), said


def children(tmp_path):
    listed = subprocess.run(["pgrep", "-f", str(tmp_path)], stdout=subprocess.PIPE, text=True).stdout.split()
    return [pid for pid in listed if int(pid) != os.getpid()]


def wait_until(condition):
    end = time.monotonic() + LIMIT
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    assert condition()


def heed_signals():
    """Whoever runs the tests may ignore some, as a shell does for what is behind it."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


@pytest.mark.parametrize("number, twice, status", [
    (signal.SIGTERM, False, 128 + 15), (signal.SIGINT, False, 128 + 2), (signal.SIGINT, True, -2),
    (signal.SIGKILL, False, -9)])
def test_nothing_is_left_behind(number, twice, status, tmp_path):
    play = tmp_path / "play"
    play.write_text("say hello\\n\nmark\nuntil quit\n" + ("mark again\nignore" if twice else ""))
    job = subprocess.Popen([CI, "run", "--lparun", FALSE, "--expect", "x", "--", "-x-play", play, "-x-mark",
                            tmp_path / "mark"], stdout=subprocess.DEVNULL, env=ci_plays.environment(tmp_path),
                           preexec_fn=heed_signals)
    wait_until((tmp_path / "mark").exists)
    job.send_signal(number)
    if twice:
        wait_until((tmp_path / "mark-again").exists)  # it has been told to end
        job.send_signal(number)
    assert job.wait(LIMIT) == status
    wait_until(lambda: not children(tmp_path))
    wait_until(lambda: not ci_plays.left_behind(tmp_path))


def test_who_reads_goes_away(tmp_path):
    """A closed pipe loses no verdict, and no process of lparun-ci's holds it open."""
    (tmp_path / "play").write_text(f"wait 0.3\n{GOOD}")
    job = subprocess.Popen([CI, "run", "--lparun", FALSE, "--expect", "Welcome", "--report", "report", "--",
                            "-x-play", "play"], stdout=subprocess.PIPE, cwd=tmp_path,
                           env=ci_plays.environment(tmp_path))
    job.stdout.close()
    assert job.wait(LIMIT) == 0
    assert (tmp_path / "report/results.json").exists()


@pytest.mark.parametrize("given, verdict", [("6.1", "pass"), ("6.99", "fail")])
def test_the_kernel_that_was_given(given, verdict, tmp_path):
    """A guest that ran another Linux than it was given, from its disk say, has not passed."""
    (tmp_path / "vmlinux").write_bytes(b"Linux version %s (%s)\0" + f"Linux version {given} (us)\n".encode() + bytes(400))
    status, _, said = ci_plays.play(tmp_path, GOOD, "--kernel", "vmlinux", "--expect", "Welcome")
    boot = json.loads((tmp_path / "report/results.json").read_text())["boots"][0]
    assert (boot["verdict"], status) == (verdict, 0 if verdict == "pass" else 1), said
    wanted = 0 if verdict == "pass" else 1
    assert ci_plays.run(tmp_path, "--lparun", FALSE, "--kernel", "vmlinux", "--expect", "Welcome", "--", "-x-play",
                        "play")[0] == wanted, "the verdict is the same without a report"
    assert ci_plays.play(tmp_path, GOOD, "--kernel", "vmlinux", "--expect", "Welcome", "--expected", "fail")[0] == 1 - wanted
    assert boot["inputs"][0]["sha256"] == hashlib.sha256((tmp_path / "vmlinux").read_bytes()).hexdigest()


def test_many_failing_cases(tmp_path):
    """The terminal has some of them, and says how many more there are; the report has all."""
    cases = "".join(f"not ok {number} case{number}\\n" for number in range(1, 61))
    _, outcome, said = ci_plays.play(tmp_path, f"say TAP version 13\\n1..60\\n{cases}\n{POWER_OFF}")
    assert said.count("  fail: case") == 40 and "  and 20 more\n" in said
    assert len(outcome["cases"]) == 60


def test_no_lparun(tmp_path):
    """A program that is not there is a wrong option; a folder whose name is too long for sockets is told as such."""
    status, results, said = ci_plays.run(tmp_path, "--lparun", "/none/lparun", "--report", "report")
    assert (status, results["boots"][0]["verdict"], "/none/lparun" in said) == (2, "wrong", True), said
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    status, _, said = ci_plays.run(deep, "--lparun", FALSE)
    assert (status, "give a shorter TMPDIR" in said) == (3, True), said


def test_a_full_disk_loses_no_verdict(tmp_path):
    (tmp_path / "play").write_text(PANIC)
    status, _, said = ci_plays.run(tmp_path, "--lparun", FALSE, "--expect", "x", "--report", "/dev/full/none",
                                   "--", "-x-play", tmp_path / "play")
    assert status == 1 and "boot: " in said and "--report /dev/full/none" in said


def test_folders_of_names(tmp_path):
    """Each boot has a folder of its own in the report, whatever it is called."""
    names = ["a b", "a_b", "a/b", ".", "..", "\u00e9", "x" * 300, "x" * 299 + "y"]
    text = "step.1 = expect Welcome\n" + "".join(f"[boot {name}]\narguments = -x-play ${{here}}/{number}\n"
                                                 for number, name in enumerate(names))
    plays = {str(number): f"say number {number}\\n\n{GOOD}" for number in range(len(names))}
    status, boots, said = ci_plays.suite(tmp_path, text, plays, "-j", "4")
    assert (status, list(boots)) == (0, names), said
    folders = [boots[name]["outcomes"][0]["folder"] for name in names]
    for number, folder in enumerate(folders):
        assert f"number {number}\n" in (tmp_path / "report" / folder / "console.txt").read_text()
        assert re.fullmatch(r"boots/[\w=,.-]{1,120}", folder, re.A) and folder[6] != ".", folder


def test_what_cannot_be_written_takes_nothing_with_it(tmp_path):
    (tmp_path / "report/boots").mkdir(parents=True)
    (tmp_path / "report/boots/boot").write_text("in the way")
    status, outcome, said = ci_plays.play(tmp_path, GOOD, "--expect", "Welcome", "--tap", "tap")
    assert (status, outcome["verdict"]) == (3, "pass") and "--report report/boots/boot: " in said
    assert (tmp_path / "report/report.html").exists() and "ok 1" in (tmp_path / "tap").read_text()


def start(tmp_path, *words):
    return subprocess.Popen([CI, "run", "--lparun", FALSE, "--expect", "Welcome", "--report", "report", *words, "--",
                             "-x-play", "play", "-x-mark", "mark"], cwd=tmp_path, stdout=subprocess.PIPE,
                            env=ci_plays.environment(tmp_path))


def test_lparun_ci_stopped_meanwhile(tmp_path):
    """What the guest said in time counts, although lparun-ci could not read it then."""
    (tmp_path / "play").write_text("say SLOF ****\\n\nwait 0.1\nmark\nwait 0.2\nsay Welcome\\n\nwait 1.3\nmark again\n"
                                  "until quit")
    job = start(tmp_path, "--timeout", "1")
    wait_until((tmp_path / "mark").exists)
    job.send_signal(signal.SIGSTOP)
    wait_until((tmp_path / "mark-again").exists)
    job.send_signal(signal.SIGCONT)
    assert job.wait(LIMIT) == 0, job.stdout.read()


def test_ignored_signals(tmp_path):
    """nohup: who ignores a hang-up is not ended by it."""
    (tmp_path / "play").write_text("mark\nwait 0.3\nsay Welcome\\n\nuntil quit")
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        job = start(tmp_path)
    finally:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    wait_until((tmp_path / "mark").exists)
    job.send_signal(signal.SIGHUP)
    assert job.wait(LIMIT) == 0


def test_limits_of_files(tmp_path):
    """Neither few open files nor small ones end it; what is no file is written to."""
    (tmp_path / "play").write_text(GOOD)
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    words = f"{CI} run --lparun {FALSE} --expect Welcome --report report --tap pipe -- -x-play play"
    done = subprocess.run(["bash", "-c", f"ulimit -f 1; exec {words}"], cwd=tmp_path, stderr=subprocess.PIPE,
                          env=ci_plays.environment(tmp_path), check=False)
    assert done.returncode == 3 and b"File too large" in done.stderr
    assert os.read(reader, 4096).startswith(b"TAP version")
    os.close(reader)


def test_wrapped_lparun(tmp_path):
    """What a wrapper started ends with it, and is not waited for."""
    wrapper = tmp_path / "wrapper"
    for how in ("exec ", ""):
        wrapper.write_text(f"#!/bin/sh\nsleep 60 &\n{how}{FALSE} \"$@\"\n")
        wrapper.chmod(0o755)
        begin = time.monotonic()
        outcome = ci_plays.play(tmp_path, "say Linux version 6.1\\n\ndie 9", "--expect", "never",
                                "--retries", "0", "--lparun", wrapper)[1]
        assert outcome["verdict"] == "could not test" and time.monotonic() - begin < 10
    assert not children(tmp_path)


def test_shards(tmp_path):
    """Two shards are the whole suite once; what is missing is told, and is no pass; compare sees what broke."""
    text = "step.1 = expect Welcome\n" + "".join(f"[boot {i}]\narguments = -x-play ${{here}}/good\n" for i in range(5))
    _, whole, _ = ci_plays.suite(tmp_path, text, PLAYS, "-j", "4")
    (tmp_path / "report/results.json").rename(tmp_path / "old.json")
    for number in (1, 2):
        status, boots, said = ci_plays.suite(tmp_path, text, PLAYS, "-j", "4", "--shard", f"{number}/2")
        assert (status, len(boots) in (2, 3)) == (0, True), said
        (tmp_path / "report/results.json").rename(tmp_path / f"{number}.json")
    status, results, said = ci_plays.run(tmp_path, "1.json", "2.json", "--report", "report", command="merge")
    assert (status, [boot["name"] for boot in results["boots"]]) == (0, list(whole)), said
    status, results, said = ci_plays.run(tmp_path, "2.json", "--report", "report", command="merge")
    assert (status, "shard 1 of 2 is missing" in said) == (3, True), said
    status, _, said = ci_plays.run(tmp_path, "old.json", "old.json", command="compare")
    assert status == 0, said
    ci_plays.suite(tmp_path, text.replace("[boot 3]\n", "[boot 3]\nfail.x = Welcome\n"), PLAYS, "-j", "4")
    status, _, said = ci_plays.run(tmp_path, "old.json", "report/results.json", command="compare")
    assert (status, "fail.x" in said) == (1, True), said


def test_github(tmp_path, monkeypatch):
    """Annotations and a summary under GitHub's own variable; what a guest says is no command there."""
    monkeypatch.setattr(ci_plays, "environment", lambda path: {
        **os.environ, "TMPDIR": str(path), "GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(path / "summary")})
    status, _, said = ci_plays.play(tmp_path, "say ::error::no\\nKernel panic - not syncing: x\\n\nuntil quit")
    before, between, after = said.partition("::stop-commands::")[0], *said.partition("::stop-commands::")[2].split("::\n", 1)
    assert status == 1 and "::error::no" in between and "::error::no" not in before + after, said
    assert "::error title=" in after and "Kernel panic" in (tmp_path / "summary").read_text()


def test_options_are_documented():
    """Each option of run and exec, and each key of a boot file, stands in docs/ci.md."""
    text = (paths.TOP / "docs/ci.md").read_text()
    said = subprocess.run([CI, "run", "--help"], stdout=subprocess.PIPE, text=True, check=True).stdout
    options = re.findall(r"^  (?:-\w, )?--([a-z-]+)", said, re.M)
    assert len(options) > 40
    missing = [name for name in options if not re.search(rf"`(?:--)?{name}\b|--{name}\b", text)]
    keys = re.findall(r'^    { "([a-z-]+\.?)"', (paths.TOP / "ci/boot_keys.c").read_text().split("boot_keys[]")[1], re.M)
    missing += [key for key in keys if f"`{key.replace('.', '.NAME')}`" not in text]
    assert not missing
