"""A QMP client for a guest under lparun on a host."""

import json
import socket
import threading
import time

from lab import paths, toolchain

PROGRAM = paths.BUILD / "bench/unix_pipe"
ANSWER_LIMIT = 30         # seconds
POLL = 0.05               # seconds between two looks at what came


def pipe(host, path, limit):
    """A job on the host that joins its input and output with a Unix socket there."""
    toolchain.build_tool(paths.TOP / "tests/lab/programs/unix_pipe.c", PROGRAM)
    inside = PROGRAM.relative_to(paths.BUILD)
    return host.spawn(f"exec {host.here}/{inside} {path}", limit, fed=True)


class Bridge:
    """A Unix socket here, for one client, that is joined with one on a host."""

    def __init__(self, host, path, here, limit):
        self.job = pipe(host, path, limit)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(here))
        self.listener.listen(1)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        connection, _ = self.listener.accept()
        threading.Thread(target=self.answer, args=[connection], daemon=True).start()
        while request := connection.recv(65536):
            self.job.feed(request)

    def answer(self, connection):
        sent = 0
        while not self.job.ended.wait(POLL) or sent < len(self.job.output()):
            output = self.job.output()
            connection.sendall(output[sent:])
            sent = len(output)
        connection.shutdown(socket.SHUT_WR)


class Qmp:
    """A conversation through a program on the host; what came is kept as it came."""

    def __init__(self, host, path, limit):
        self.job = pipe(host, path, limit)
        self.taken = 0            # lines

    def lines(self):
        return self.job.output().decode().split("\r\n")[:-1]

    def next(self, limit=ANSWER_LIMIT):
        """The next message, or None."""
        end = time.monotonic() + limit
        while len(self.lines()) <= self.taken:
            if time.monotonic() > end or (self.job.ended.is_set() and len(self.lines()) <= self.taken):
                return None
            time.sleep(0.05)
        self.taken += 1
        return json.loads(self.lines()[self.taken - 1])

    def greeting(self):
        """The first message; then qmp_capabilities."""
        greeting = self.next(90)
        assert self.execute("qmp_capabilities") == {}
        return greeting

    def send(self, text):
        self.job.feed(text.encode())

    def execute(self, command, **arguments):
        """What the command returned; events that came before are skipped."""
        request = {"execute": command, **({"arguments": arguments} if arguments else {})}
        self.send(json.dumps(request) + "\n")
        while message := self.next():
            if "event" not in message:
                return message.get("return", message)
        raise AssertionError(f"no answer to {command}")

    def event(self, name, limit=ANSWER_LIMIT):
        """The next event of this name, or None."""
        while message := self.next(limit):
            if message.get("event") == name:
                return message
        return None

    def events(self):
        """Names of all events up to now."""
        return [message["event"] for message in map(json.loads, self.lines()) if "event" in message]
