"""A script that runs on a host: its folder, its live output, its end."""

import base64
import dataclasses
import threading
import time

from lab.failure import HostDied

POLL = 0.05           # seconds between two looks at a job's output
GRACE = 20            # seconds a host may take to report a job that it had to kill


@dataclasses.dataclass
class Result:
    status: int
    output: bytes
    late: bool            # killed because its time was over
    seconds: float

    @property
    def text(self):
        return self.output.decode(errors="replace")


class Job:
    """Made by a host's spawn(); order(word, *arguments) reaches the host's agent."""

    def __init__(self, folder, name, limit, order):
        self.folder = folder
        self.name = name          # the folder's path on the host
        self.limit = limit
        self.order = order
        self.ended = threading.Event()
        self.status = None
        self.late = False
        self.died = None          # why the host went away under it
        self.began = time.monotonic()

    def finish(self, status, late):
        self.status, self.late = status, late
        self.ended.set()

    def abandon(self, reason):
        self.died = reason
        self.ended.set()

    def output(self):
        """What the script has written up to now."""
        try:
            return (self.folder / "output").read_bytes()
        except FileNotFoundError:
            return b""

    def feed(self, data):
        """Write to its standard input (spawn(..., fed=True) only)."""
        self.order("feed", self.name, base64.b64encode(data).decode())

    def end_input(self):
        self.order("eof", self.name)

    def kill(self):
        self.order("kill", self.name)

    def wait_for(self, needle, limit):
        """Wait until the output holds needle; False if it ends or limit is over before."""
        end = time.monotonic() + limit
        while time.monotonic() < end:
            over = self.ended.is_set()
            if needle in self.output():
                return True
            if over:
                return False
            time.sleep(POLL)
        return False

    def wait(self, stream=None):
        """Wait for the end and return a Result; stream(bytes) gets the output as it comes."""
        seen = 0
        deadline = self.began + self.limit + GRACE
        while True:
            over = self.ended.wait(POLL if stream else 1)
            if stream:
                output = self.output()
                if len(output) > seen:
                    stream(output[seen:])
                    seen = len(output)
            if over:
                break
            if time.monotonic() > deadline:
                raise HostDied("the host does not answer any more")
        if self.died:
            raise HostDied(self.died)
        return Result(self.status, self.output(), self.late, time.monotonic() - self.began)
