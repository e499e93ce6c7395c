"""The console on a terminal, on a pipe that closes, and on nothing."""

import pytest

from lab import guest

pytestmark = pytest.mark.one_host

QUIT = b"\x01x"           # Ctrl-A x
PROMPT = b"0 > "          # SLOF's, when it has found nothing to boot from
BARE = guest.Setup(memory="512M", disk=False)
# script(1) gives the program a terminal; the marks show that it is left as it was.
ON_TERMINAL = """\
cat >/tmp/on-terminal <<'END'
stty -g </dev/tty >/tmp/before
{command}
echo "status $?"
stty -g </dev/tty >/tmp/after
cmp /tmp/before /tmp/after && echo "terminal restored"
END
exec script -q -e -c "sh /tmp/on-terminal" /dev/null
"""


def on_terminal(host, run, limit=90):
    command = run.script().removeprefix("exec ")
    return host.spawn(ON_TERMINAL.format(command=command), limit, fed=True)


def finish(job, log):
    result = job.wait()
    log.add("console", result.output)
    return result


def test_firmware_prompt_takes_input(host, log):
    """Typed characters reach the guest, and Ctrl-A x ends the run and restores the terminal."""
    run = guest.Guest(host, BARE)
    job = on_terminal(host, run)
    try:
        prompt = job.wait_for(PROMPT, 60)
        job.feed(b"d# 1234 d# 4321 + .d\r")
        answer = prompt and job.wait_for(b"5555", 20)
    finally:
        job.feed(QUIT)
    result = finish(job, log)
    assert prompt, "SLOF's prompt did not come"
    assert answer, "SLOF did not add two numbers typed at it"
    assert b"status 0" in result.output
    assert b"terminal restored" in result.output


def test_terminate_restores_terminal(host, log):
    run = guest.Guest(host, BARE)
    job = on_terminal(host, run)
    started = job.wait_for(b"SLOF", 60)
    host.run(f"kill -TERM {host.lparun()}", 20)
    ended = job.wait_for(b"status ", 20)
    if not ended:
        job.kill()
    result = finish(job, log)
    assert started and ended
    assert b"terminal restored" in result.output


def test_output_pipe_closes(host, log):
    """The guest runs on when nobody listens any more."""
    run = guest.Guest(host, guest.Setup(disk=False, kernel=True, append="console=hvc0 quiet lab.job=off"))
    command = run.script().removeprefix("exec ")
    script = f"{{ {command}; echo \"status $?\" >&2; }} | head -c 20 >/dev/null"
    result = host.run(script, 90)
    log.add("standard error", result.output)
    assert b"status 0" in result.output


def test_no_input(host, log):
    """With </dev/null the guest runs to its end, and its console is all there."""
    setup = guest.Setup(disk=False, kernel=True, append="console=hvc0 quiet lab.job=off")
    result = guest.Guest(host, setup).start(90).wait()
    log.add("console", result.output)
    assert result.status == 0 and not result.late
    assert b"guest: powering off" in result.output
