"""This machine as the host, where it is POWER and has a usable /dev/kvm. Same interface as Host."""

import fcntl
import itertools
import os
import pathlib
import platform
import signal
import subprocess
import threading
import time

from lab import cache, paths
from lab.job import Result

KVM_CREATE_VM = 0x2000AE01      # as numbered on powerpc


def usable():
    """Whether a guest can be made right here."""
    if not platform.machine().startswith("ppc64"):
        return False
    try:
        with open("/dev/kvm", "rb+", buffering=0) as kvm:
            os.close(fcntl.ioctl(kvm, KVM_CREATE_VM, 0))
        return True
    except OSError:
        return False


def descendants(pid, name):
    """The processes called `name` that descend from process `pid`."""
    parents, names = {}, {}
    for status in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            number, rest = status.read_text().split(" (", 1)
        except OSError:  # it has ended meanwhile
            continue
        names[int(number)], rest = rest.rsplit(") ", 1)
        parents[int(number)] = int(rest.split()[1])

    def descends(number):
        while number in parents and number != pid:
            number = parents[number]
        return number == pid

    return [number for number in names if names[number] == name and descends(number)]


class LocalJob:
    """The part of job.Job that callers use, on a process of this machine."""

    def __init__(self, folder, limit, fed):
        self.folder = folder
        self.late = False
        self.began = time.monotonic()
        with open(folder / "output", "wb") as output:
            self.process = subprocess.Popen(
                ["sh", str(folder / "script")], cwd=folder, start_new_session=True,
                stdin=subprocess.PIPE if fed else subprocess.DEVNULL,
                stdout=output, stderr=subprocess.STDOUT)
        self.ended = threading.Event()
        self.timer = threading.Timer(limit, self._expire)
        self.timer.daemon = True
        self.timer.start()
        threading.Thread(target=self._await, daemon=True).start()

    def _await(self):
        self.process.wait()
        self.ended.set()

    def _expire(self):
        self.late = True
        self.kill()

    def output(self):
        return (self.folder / "output").read_bytes()

    def feed(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def end_input(self):
        self.process.stdin.close()

    def kill(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def wait_for(self, needle, limit):
        end = time.monotonic() + limit
        while time.monotonic() < end:
            over = self.ended.is_set()
            if needle in self.output():
                return True
            if over:
                return False
            time.sleep(0.05)
        return False

    def wait(self, stream=None):
        seen = 0
        while True:
            over = self.ended.is_set()
            if stream and len(self.output()) > seen:
                data = self.output()[seen:]
                stream(data)
                seen += len(data)
            if over:
                break
            time.sleep(0.05)
        self.timer.cancel()
        self.kill()
        status = self.process.returncode
        return Result(128 - status if status < 0 else status, self.output(), self.late,
                      time.monotonic() - self.began)


class LocalHost:
    numbers = itertools.count(1)
    name = "local"

    def __init__(self):
        self.here = str(paths.BUILD)
        self.cache = str(cache.folder())
        self.folder = paths.RUN / f"local-{os.getpid()}"
        self.scratch = str(self.folder)
        self.direct_io = True

    def start(self):
        self.inside = str(self.folder)
        (self.folder / "jobs").mkdir(parents=True, exist_ok=True)

    def alive(self):
        return True

    def stop(self):
        pass

    def last_words(self):
        return ""

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def lparun(self):
        """Those that this process has started, and nobody else's."""
        return " ".join(map(str, descendants(os.getpid(), "lparun")))

    def spawn(self, script, limit=60, fed=False):
        folder = self.folder / "jobs" / str(next(LocalHost.numbers))
        folder.mkdir()
        (folder / "script").write_text(script)
        return LocalJob(folder, limit, fed)

    def run(self, script, limit=60, stream=None):
        return self.spawn(script, limit).wait(stream)
