#!/usr/bin/python3
"""A false lparun: plays a console and a monitor as the file FALSE_LPARUN says, a line an order.

say TEXT        to the console, with escapes as Python has them; no line's end by itself
wait SECONDS
read TEXT       until TEXT came from standard input
tell EVENT [REASON]
until quit      until the monitor was told to quit
error TEXT      to standard error
flood BYTES     of console
exit STATUS
die SIGNAL
"""

import json
import os
import select
import socket
import sys
import time


class Monitor:
    def __init__(self, path):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(1)
        self.client, self.input = None, b""

    def accept(self):
        self.client, _ = self.listener.accept()
        self.send({"QMP": {"version": {}, "capabilities": []}})
        self.command("qmp_capabilities")

    def send(self, message):
        self.client.sendall(json.dumps(message).encode() + b"\r\n")

    def command(self, name):
        """Waits until the client gives this command."""
        while True:
            while b"\n" not in self.input:
                data = self.client.recv(4096)
                if not data:
                    return
                self.input += data
            line, self.input = self.input.split(b"\n", 1)
            given = json.loads(line)["execute"]
            marks = [{"name": "start", "at": int(time.monotonic() * 1e6)}]
            self.send({"return": {"marks": marks} if given == "x-lparun-timeline" else {}, "id": given})
            if given == name:
                return

    def tell(self, event, reason=None):
        data = {"guest": True, "reason": reason} if reason else {}
        self.send({"event": event, "data": data, "timestamp": {"seconds": 0, "microseconds": 0}})


def read_until(text):
    got = b""
    while text not in got:
        data = os.read(0, 4096)
        if not data:
            return
        got += data


def play(order, rest, monitor):
    if order == "say":
        os.write(1, rest.encode().decode("unicode_escape").encode("latin-1"))
    elif order == "wait":
        time.sleep(float(rest))
    elif order == "read":
        read_until(rest.encode())
    elif order == "tell":
        monitor.tell(*rest.split())
    elif order == "until":
        monitor.command(rest)
    elif order == "error":
        print(rest, file=sys.stderr, flush=True)
    elif order == "flood":
        left = int(rest)
        while left > 0:
            left -= os.write(1, b"0123456789abcdef" * 256)
    elif order == "exit":
        os._exit(int(rest))
    elif order == "die":
        os.kill(os.getpid(), int(rest))


def main():
    words = sys.argv[1:]
    orders = open(os.environ["FALSE_LPARUN"]).read().splitlines()
    monitor = None
    if not orders[0].startswith("error"):
        monitor = Monitor(words[words.index("-qmp") + 1].split(",")[0].removeprefix("unix:"))
        monitor.accept()
    for line in orders:
        play(*(line.split(" ", 1) + [""])[:2], monitor)
    os._exit(0)


main()
