"""lparun at a person's terminal: what is pasted arrives, nobody has to read, and it is a job as any."""

import re
import time

import pytest

from lab import payload

pytestmark = pytest.mark.one_host

LIMIT = 60
END = 15   # seconds that an end may take here: its deadline of 2, on a machine that is emulated and busy
QUIT = b"\x01x"


@pytest.fixture
def at_terminal(host, log):
    """Runs a command at a terminal of its own, which script(1) is the other end of."""
    jobs = []

    def start(command):
        job = host.spawn(f"exec script -q -e -c '{command}' /dev/null", LIMIT, fed=True)
        jobs.append(job)
        return job

    yield start
    for job in jobs:
        job.kill()
        log.add("terminal", job.wait().output)


def typed(host):
    return payload.command(host, "typed-be")


def sum_of(data):
    total = 0
    for byte in data:
        total = (total * 31 + byte) & 0xffffffff
    return total


@pytest.mark.parametrize("length", (1000, 10000))
def test_paste(host, at_terminal, length):
    job = at_terminal(typed(host))
    assert job.wait_for(b"# type", LIMIT), job.output()
    data = bytes(ord("a") + i * i % 26 for i in range(length))
    job.feed(data + b".")
    assert job.wait_for(b"# typed: %d bytes, sum %d" % (length, sum_of(data)), LIMIT), job.output()[:300]
    job.feed(QUIT)
    assert job.wait().status == 0


ENDED = """
sleep 1
lparun={lparun}
before=$(cut -d. -f1 /proc/uptime)
kill -TERM $lparun
while [ -d /proc/$lparun ] && ! grep -q "State:.*Z" /proc/$lparun/status; do sleep 0.1; done
echo "ended after $(($(cut -d. -f1 /proc/uptime) - before)) s"
"""
# The terminal's other end stands still, with all that lies between it and the guest full of lines.
UNREAD = "kill -STOP $(pidof script)" + ENDED + "kill -CONT $(pidof script)\n"


def test_unread(host, at_terminal, log):
    job = at_terminal("stty -g >/tmp/before; " + typed(host) + '; echo "status $?"; stty -g >/tmp/after;'
                      " cmp /tmp/before /tmp/after && echo restored")
    assert job.wait_for(b"# type", LIMIT), job.output()
    job.feed(b".")
    assert job.wait_for(b"0123456789ab", LIMIT)
    result = host.run(UNREAD.format(lparun=host.lparun()), LIMIT)
    log.add("end", result.output)
    seconds = re.search(r"ended after (\d+) s", result.text)
    assert seconds and int(seconds.group(1)) <= END
    assert job.wait_for(b"restored", LIMIT)
    assert b"status 143" in job.output()


def test_stopped_by_ctrl_s(host, at_terminal, log):
    """Nothing goes to the terminal any more, and the end does not wait for Ctrl-Q."""
    job = at_terminal(f"echo . | {typed(host)}; echo status $?")
    assert job.wait_for(b"0123456789ab", LIMIT), job.output()
    job.feed(b"\x13")
    result = host.run(ENDED.format(lparun=host.lparun()), LIMIT)
    log.add("end", result.output)
    seconds = re.search(r"ended after (\d+) s", result.text)
    assert seconds and int(seconds.group(1)) <= END
    job.feed(b"\x11")
    assert job.wait_for(b"status 143", LIMIT)


def test_job_of_a_shell(host, at_terminal):
    """In the background it leaves the terminal alone, and fg makes it the guest's."""
    job = at_terminal("PS1=+ exec sh -i")
    job.feed(f"{typed(host)} &\n".encode())
    assert job.wait_for(b"# type", LIMIT), job.output()
    job.feed(b"echo $((6 * 7)).\n")
    assert job.wait_for(b"\n42.", LIMIT), "the shell does not hear"
    job.feed(b"fg\n")
    host.run("sleep 1", LIMIT) # the shell says nothing when it is done
    job.feed(b"abc.")
    assert job.wait_for(b"# typed: 3 bytes", LIMIT)
    prompts = job.output().count(b"+")
    job.feed(QUIT)
    end = time.monotonic() + LIMIT
    while job.output().count(b"+") == prompts and time.monotonic() < end: # what is typed before it may be the guest's
        time.sleep(0.1)
    job.feed(b"echo $((7 * 8)).\n")
    assert job.wait_for(b"\n56.", LIMIT), "the shell has not its terminal back"
    job.feed(b"exit\n")
