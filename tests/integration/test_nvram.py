"""NVRAM in a file: what firmware stores there is there in the next run, however this one ends."""

import itertools
import time

import pytest

from lab import guest

pytestmark = pytest.mark.one_host
LIMIT = 150
PROMPT = b"0 > "          # SLOF's
BANNER = b"Welcome to Open Firmware"
VALUE = b"lparun-was-here"
numbers = itertools.count(1)


class Run:
    """A guest that stays at SLOF's prompt."""

    def __init__(self, host, path):
        setup = guest.Setup(memory="256M", disk=False, extra=("-drive", f"if=pflash,file={path},format=raw"))
        run = guest.Guest(host, setup)
        run.prepare()
        self.job = host.spawn(run.script(), LIMIT, fed=True)

    def wait_for(self, text, count=1, limit=60):
        end = time.monotonic() + limit
        while self.job.output().count(text) < count:
            if time.monotonic() > end or self.job.ended.wait(0.2):
                return False
        return True

    def type(self, line):
        """Types a line at a prompt and waits for the next one."""
        count = self.job.output().count(PROMPT)
        self.job.feed(line + b"\r")
        return self.wait_for(PROMPT, count + 1)


def test_setenv_is_kept(host, log):
    """SLOF's setenv outlives reset-all, SIGKILL and the run."""
    path = f"{host.scratch}/nvram-{next(numbers)}"
    host.run(f"truncate -s 64K {path}", 20)
    first = Run(host, path)
    prompt = first.wait_for(PROMPT)
    stored = prompt and first.type(b"setenv boot-file " + VALUE)
    first.job.feed(b"reset-all\r")
    again = first.wait_for(BANNER, 2) and first.wait_for(PROMPT, 3)
    host.run(f"kill -KILL {host.lparun()}", 20)
    result = first.job.wait()
    log.add("first", result.output)
    second = Run(host, path)
    prompt = second.wait_for(PROMPT)
    asked = prompt and second.type(b"printenv boot-file")
    host.run(f"kill -TERM {host.lparun()}", 20)
    told = second.job.wait()
    log.add("second", told.output)
    assert stored and again and asked
    assert result.status == 128 + 9
    assert VALUE in told.output
