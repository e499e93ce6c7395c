#!/usr/bin/python3
"""A false lparun: plays a console and a monitor as a file says, a line an order: `-x-play FILE`, or FALSE_LPARUN.

say TEXT        to the console, with escapes as Python has them; no line's end by itself
wait SECONDS
read TEXT       until TEXT came from standard input, with escapes as Python has them
answer COMMAND JSON
                what it gives from now on
tell EVENT [REASON]
until quit      until the monitor was told to quit
error TEXT      to standard error
flood BYTES     of console
exit STATUS
die SIGNAL
first TEXT      say it with a line's end, and go on until quit, the first time that the file of `-x-mark` is not there
first-status STATUS TEXT
                likewise: say TEXT to standard error and exit
mark [AGAIN]    make the file of `-x-mark`, with -AGAIN at its end
wait-for FILES  until they are there
overwrite       the disks
spin            as a vCPU, until lparun is killed
ignore          all that comes, for good
"""

import ctypes
import json
import os
import signal
import socket
import sys
import time

PR_SET_NAME = 15


def now():
    return int(time.monotonic() * 1e6)


class Monitor:
    def __init__(self, path):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(1)
        self.client, self.input = None, b""
        self.answers = {"x-lparun-timeline": {"marks": [{"name": "start", "at": now()}]}}

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
            value = self.answers.get(given, {})
            self.send({"return": {**value, "now": now()} if value else value, "id": given})
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


def argument(name):
    return sys.argv[sys.argv.index(name) + 1]


def is_first():
    there = os.path.exists(argument("-x-mark"))
    mark()
    return not there


def mark(again=""):
    open(argument("-x-mark") + (again and f"-{again}"), "w").close()


def wait_for(files):
    while not all(map(os.path.exists, files)):
        time.sleep(0.01)


def overwrite():
    for index, word in enumerate(sys.argv):
        if word == "-drive":
            with open(sys.argv[index + 1].split(",")[0].removeprefix("file="), "r+b") as disk:
                assert disk.read(6) == b"before"
                disk.seek(0)
                disk.write(b"after!")


def ignore():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        time.sleep(1)


def play(order, rest, monitor):
    if order == "say":
        os.write(1, rest.encode().decode("unicode_escape").encode("latin-1"))
    elif order == "wait":
        time.sleep(float(rest))
    elif order == "read":
        read_until(rest.encode().decode("unicode_escape").encode("latin-1"))
    elif order == "tell":
        monitor.tell(*rest.split())
    elif order == "answer":
        command, text = rest.split(" ", 1)
        monitor.answers[command] = json.loads(text)
    elif order == "until":
        monitor.command(rest)
    elif order == "error":
        print(rest, file=sys.stderr, flush=True)
    elif order == "flood":
        left = int(rest)
        while left > 0:
            left -= os.write(1, b"0123456789abcdef" * 256)
    elif order == "first":
        if is_first():
            os.write(1, rest.encode() + b"\n")
            monitor.command("quit")
            os._exit(0)
    elif order == "first-status":
        status, text = rest.split(" ", 1)
        if is_first():
            print(text, file=sys.stderr, flush=True)
            os._exit(int(status))
    elif order == "mark":
        mark(rest)
    elif order == "wait-for":
        wait_for(rest.split())
    elif order == "overwrite":
        overwrite()
    elif order == "spin":
        ctypes.CDLL(None).prctl(PR_SET_NAME, b"vcpu 0")
        while True:
            pass
    elif order == "ignore":
        ignore()
    elif order == "exit":
        os._exit(int(rest))
    elif order == "die":
        os.kill(os.getpid(), int(rest))


def main():
    words = sys.argv[1:]
    play_file = words[words.index("-x-play") + 1] if "-x-play" in words else os.environ["FALSE_LPARUN"]
    orders = open(play_file).read().splitlines()
    monitor = None
    if not orders[0].startswith("error"):
        monitor = Monitor(words[words.index("-qmp") + 1].split(",")[0].removeprefix("unix:"))
        monitor.accept()
    for line in orders:
        play(*(line.split(" ", 1) + [""])[:2], monitor)
    os._exit(0)


main()
