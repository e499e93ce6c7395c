"""lparun-ci's verdicts: on consoles, monitors and ends that a false lparun plays, and on real guests."""

import json
import shutil

import pytest

from lab import ci, ci_plays, guest_images, paths

# name: what the false lparun plays, lparun-ci's options, exit status, verdict, words of the reason, signature
PLAYS = {
    "expected": ("say Linux version 6.12\\n\nsay Welcome to it!\\n\nuntil quit", ["--expect", "Welcome to"], 0,
                 "pass", "all that was expected", None),
    "powered-off": ("say hello\\n\ntell SHUTDOWN guest-shutdown", [], 0, "pass", "it powered off", None),
    "prompt": ("say 0 > \nread 3 4 + .\nsay 3 4 + .7  ok\\r\\n0 > \nuntil quit",
               ["--expect", "0 > $", "--send", "3 4 + .", "--expect", "7  ok"], 0, "pass", "all that", None),
    "late-power-off": ("tell SHUTDOWN guest-shutdown\nexit 0", [], 0, "pass", "it powered off", None),
    "last-words": ("say Linux version 6\\n\ntell SHUTDOWN guest-shutdown\nuntil quit\nsay all done\\n\nexit 0",
                   ["--expect", "all done"], 0, "pass", "all that", None),
    "no-result": ("wait 0.1", [], 1, "no result", "it ended before the power-off", None),
    "fail": ("say SLOF **** \\n", ["--expect", "login:"], 1, "fail", "it ended before 'login:'", None),
    "panic-text": ("say [    1.5] Kernel panic - not syncing: no init\\n\nuntil quit", ["--expect", "x"], 1, "panicked",
                   "Kernel panic - not syncing: no init", "panic: no init"),
    "panic-event": ("say quiet\\n\ntell GUEST_PANICKED\nuntil quit", ["--expect", "x"], 1, "panicked", "lparun says",
                    "panic"),
    "panic-status": ("say quiet\\n\nexit 4", ["--expect", "x"], 1, "panicked", "lparun says", "panic"),
    "oops": ("say [    2.000000][ T12] BUG: Unable to handle kernel data access on read at 0x10\\n\nuntil quit",
             ["--expect", "x"], 1, "oopsed", "data access", "oops: data access"),
    "oops-after": ("say Welcome\\nOops: Exception in kernel mode, sig: 5 [#1]\\n\nuntil quit", ["--expect", "Welcome"],
                   1, "oopsed", "Oops:", "oops: Exception in kernel mode"),
    "lockup": ("say watchdog: BUG: soft lockup - CPU#3 stuck\\n\nuntil quit", ["--expect", "x"], 1, "locked up",
               "soft lockup", "lockup: soft lockup"),
    "warning": ("say WARNING: CPU: 0 PID: 1 at kernel/a.c:7 do_it+0x1/0x2\\nWelcome\\n\nuntil quit",
                ["--expect", "Welcome"], 1, "fail", "WARNING:", "warning: do_it"),
    "allowed": ("say WARNING: CPU: 0 PID: 1 at kernel/a.c:7 do_it+0x1/0x2\\nWelcome\\n\nuntil quit",
                ["--expect", "Welcome", "--allow", "at kernel/a.c"], 0, "pass", "all that", None),
    "firmware": ("say ( 700 ) Program Exception [ 1234 ]\\n\nuntil quit", ["--expect", "x"], 1, "firmware error",
                 "Program Exception", "firmware error: Program"),
    "stuck": ("say You are in emergency mode. After\\n\nuntil quit", ["--expect", "login:"], 1, "stuck at a prompt",
              "emergency mode", "prompt: emergency mode"),
    "oops-function": ("say [    2.000000] BUG: Kernel NULL pointer dereference on read at 0x0\\n\nsay [    2.000000] "
                      "Oops: Kernel access of bad area, sig: 11 [#1]\\n[    2.000000] NIP [c0] do_fault+0x1/0x2 [m]\\n\n"
                      "until quit", ["--expect", "x"], 1, "oopsed", "NULL pointer", "oops: do_fault"),
    "panic-on-warn": ("say [    2.000000] WARNING: CPU: 0 PID: 1 at a.c:7 do_it+0x1/0x2\\n[    2.000000] Kernel panic - "
                      "not syncing: kernel: panic_on_warn set ...\\n\nuntil quit", ["--expect", "x"], 1, "panicked",
                      "panic_on_warn", "warning: do_it"),
    "panic-at-prompt": ("say debian login: \nsay [   60.000000] Kernel panic - not syncing: sysrq\\n\nuntil quit",
                        ["--expect", "x"], 1, "panicked", "sysrq", "panic: sysrq"),
    "fail-prompt": ("say Linux version 6\\nrescue # \nuntil quit", ["--fail", "^rescue # $", "--expect", "login:"], 1, "fail",
                    "rescue #", "fail.0"),
    "initramfs": ("say Linux version 6\\n(initramfs) \nuntil quit", ["--expect", "login:"], 1, "stuck at a prompt",
                  "(initramfs)", "prompt: initramfs"),
    "initramfs-wanted": ("say (initramfs) \nread echo a\nsay echo a\\na\\n(initramfs) \nuntil quit",
                         ["--expect", r"\(initramfs\)", "--send", "echo a", "--expect", "^a$"], 0, "pass", "all that", None),
    "no-device": ("say SLOF ****\\nTrying to load:  from: disk ... \\nE3404: Not a bootable device!\\n\nsay E3407: Load "
                  "failed\\n\\nReady! \\n0 > \nuntil quit", ["--expect", "login:"], 1, "firmware error", "E3407: Load",
                  "firmware error: E3407"),
    "no-device-wanted": ("say SLOF ****\\nE3407: Load failed\\n\\nReady! \\n0 > \nread 3 4 + .\nsay 3 4 + .7  ok\\n0 > \n"
                         "until quit", ["--expect", "0 > $", "--send", "3 4 + .", "--expect", "7  ok"], 0, "pass",
                         "all that", None),
    "grub-error": ("say SLOF ****\\nWelcome to GRUB!\\nerror: file `/x' not found.\\nWelcome\\n\nuntil quit",
                   ["--expect", "^Welcome$"], 1, "fail", "`/x' not found", "loader error: file `/x' not found."),
    "rebooted": ("say Linux version 6\\n\ntell SHUTDOWN guest-reset", ["--expect", "login:"], 1, "rebooted",
                 "rebooted before 'login:'", None),
    "timed-out": ("say SLOF **** \\nLinux version 6.1\\n\nuntil quit", ["--expect", "login:", "--timeout", "0.5"], 1,
                  "timed out", "0.5 s were over in stage kernel; waited for 'login:'", None),
    "host": ("error lparun: no memory\nexit 1", [], 3, "could not test", "lparun: no memory", None),
    "option": ("error lparun: -foo: unknown option\nexit 2", [], 2, "wrong", "unknown option", None),
    "tests": ("say KTAP version 1\\n1..2\\nok 1 a\\nnot ok 2 b\\n\ntell SHUTDOWN guest-shutdown\nuntil quit", [], 1, "fail",
              "1 of 2 tests failed: b", None),
    "tests-pass": ("say KTAP version 1\\n1..1\\nok 1 a\\n\nuntil quit", ["--pass", "ktap"], 0, "pass", "its tests passed", None),
    "tests-cut": ("say KTAP version 1\\n1..2\\nok 1 a\\n\ntell SHUTDOWN guest-shutdown\nuntil quit", ["--pass", "ktap"], 1, "fail",
                  "the plan was 2, and 1 came", None),
    "tests-crash": ("say KTAP version 1\\n1..2\\nok 1 a\\nKernel panic - not syncing: x\\n\nuntil quit", ["--pass", "ktap"], 1,
                    "panicked", "Kernel panic", "panic: x"),
    "no-tests": ("say Linux version 6\\n\ntell SHUTDOWN guest-shutdown\nuntil quit", ["--pass", "ktap"], 1, "fail",
                 "it ended before the end of its tests", None),
    "too-much": ("flood 3000000\nuntil quit", ["--expect", "x", "--flood", "2"], 1, "fail", "more than 2 MiB", "flood"),
    "killed": ("say half\\n\ndie 9", ["--expect", "x"], 3, "could not test", "status -9", None),
    "escapes": ("say \\x1b[2J\\x1b[1;31mWel\\x1b[0mcome\\x00 \\x1b]0;title\\x07to\\r\\n\nuntil quit",
                ["--expect", "^Welcome to$"], 0, "pass", "all that", None),
    "flood": ("flood 30000000\nsay \\nWelcome\\n\nuntil quit", ["--expect", "Welcome"], 0, "pass", "all that", None),
}


def settings(options):
    """Options as a boot file says them."""
    keys = {"--expect": "step.{} = expect {}", "--send": "step.{} = send {}", "--allow": "allow.{} = {}",
            "--timeout": "timeout = {1}", "--pass": "pass = {1}",
            "--flood": "flood = {1}", "--fail": "fail.{} = {}"}
    pairs = zip(options[::2], options[1::2])
    return "".join(keys[option].format(number, value) + "\n" for number, (option, value) in enumerate(pairs))


@pytest.fixture(scope="session")
def played(tmp_path_factory):
    """All plays, run once, several at once: their boots, and what was said."""
    text = "retries = 0\n" + "".join(f"[boot {name}]\narguments = -x-play ${{here}}/{name}\n{settings(row[1])}"
                                     for name, row in PLAYS.items())
    plays = {name: row[0] for name, row in PLAYS.items()}
    _, boots, said = ci_plays.suite(tmp_path_factory.mktemp("plays"), text, plays, "-j", "8")
    return boots, said


@pytest.mark.quick
@pytest.mark.parametrize("name", PLAYS)
def test_verdict(name, played, log):
    boots, said = played
    verdict, reason, signature = PLAYS[name][3:]
    boot = boots[name]["outcomes"][-1]
    log.add("lparun-ci", said)
    assert boot["verdict"] == verdict, boot["reason"]
    assert reason in boot["reason"]
    assert boot["signature"] == signature
    assert f"{name}: {verdict} in " in said


@pytest.mark.parametrize("name", ["expected", "oops", "option", "host"])
def test_status_of_one(name, tmp_path):
    play, options, status = PLAYS[name][:3]
    assert ci_plays.play(tmp_path, play, *options)[0] == status


# Lines that look alarming and are not (ci.md's exceptions).
HARMLESS = ["INFO: lockdep is turned off.", "DEBUG: x", "INFO: NMI handler took too long", "EXT4-fs (vda): WARNING: x",
            "XFS (vda): WARNING: x", "WARNING: Unprivileged eBPF is enabled", "no BUG: here", "a login: Kernel panics",
            "No NVRAM common partition, re-initializing...", "INFO: Stall ended before state dump start",
            "E3404: Not a bootable device!", "workqueue: CPU hotplug", "WARNING: mand mount option deprecated",
            "evm: overlay: error", "Oops", "rcu: Hierarchical RCU implementation."]


def test_harmless_lines_pass(tmp_path, log):
    play = "".join(f"say {prefix}{line}\\n\n" for line in HARMLESS for prefix in ("", "[    1.000000] "))
    returned, boot, text = ci_plays.play(tmp_path, play + "say Welcome\\n\nuntil quit", "--expect", "^Welcome")
    log.add("lparun-ci", text)
    assert (boot["verdict"], returned) == ("pass", 0), boot["reason"]


# Those of ./lab ci that find the most for their time; all of them take some five minutes.
CHOSEN = ["linux[kernel=6.12-4k,start=direct*", "forth", "disk", "must-fail", "panics", "reboots*", "stalls", "tests",
          "command*", "no-kernel"]


@pytest.mark.one_host
@pytest.mark.limit(900)
def test_lab_boots(host, log):
    """Boots of ./lab ci: each verdict on real guests, with times and counts."""
    for kernel in ci.KERNELS:
        guest_images.initrd(kernel)
    guest_images.disk()
    result, report = ci.run(host, ["-j2", *(f"--boot={pattern}" for pattern in CHOSEN)])
    log.add("lparun-ci", result.output)
    results = json.loads((report / "results.json").read_text())
    assert not list(ci.problems(results))
    assert len(results["boots"]) >= 12
    by_name = {boot["name"]: boot["outcomes"][-1] for boot in results["boots"]}
    for name, outcome in by_name.items():
        times = {mark["name"]: mark["seconds"] for mark in outcome["timeline"]}
        if outcome["verdict"] != "wrong":
            assert outcome["counts"]["exits.PAPR_HCALL"] > 0
            assert 0 < times["start"] < outcome["seconds"] + 1, name
    assert any(mark["name"].startswith("disk-read") for mark in by_name["disk"]["timeline"])
    assert by_name["stalls"]["block"][0].startswith("vCPU 0 ")
    assert [case["result"] for case in by_name["tests"]["cases"]].count("fail") == 1
    assert (report / "boots/command-fails/output.txt").read_text() == "some output\n"
    assert (report / "boots/command-files/files/out/copy").read_text() == "two words\n"
    assert (report / "report.html").stat().st_size > 10000


@pytest.mark.one_host
def test_recipe_for_slof(host, log):
    """A test by Forth words that tell of themselves by KTAP, as examples/ci has it."""
    shutil.copy(paths.TOP / "examples/ci/slof.boot", host.folder / "slof.boot")
    result = host.run(f"TMPDIR=/tmp {host.here}/ppc64le/lparun-ci run {host.inside}/slof.boot --boot words "
                      f"-D slof={host.cache}/{guest_images.SLOF}", 90)
    log.add("lparun-ci", result.output)
    assert result.status == 0
