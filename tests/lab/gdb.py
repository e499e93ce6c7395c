"""Debian's gdb-multiarch on this machine, debugging a guest under lparun on a host."""

import pathlib
import socket
import subprocess
import tempfile
import threading
import time

from lab import apt, packages, paths, toolchain

PIPE = paths.BUILD / "bench/unix_pipe"
POLL = 0.01               # seconds


class Gdb:
    """A local Unix socket that leads to the stub's on the host: one for each gdb that is run."""

    def __init__(self, host, path, limit):
        apt.install("gdb for POWER", packages.DEBUGGER)
        toolchain.build_tool(paths.TOP / "tests/lab/programs/unix_pipe.c", PIPE)
        self.host, self.path, self.limit = host, path, limit
        self.folder = tempfile.TemporaryDirectory(prefix="lparun-gdb-")
        self.local = str(pathlib.Path(self.folder.name) / "gdb")

    def run(self, commands, symbols=None, limit=None):
        """What gdb says to these commands, of which the first connects."""
        listener = socket.socket(socket.AF_UNIX)
        pathlib.Path(self.local).unlink(missing_ok=True)
        listener.bind(self.local)
        listener.listen(1)
        job = self.host.spawn(f"exec {self.host.here}/{PIPE.relative_to(paths.BUILD)} {self.path}", self.limit, fed=True)
        threading.Thread(target=bridge, args=(listener, job), daemon=True).start()
        words = ["gdb-multiarch", "-nx", "-batch", "-ex", "set remotetimeout 60", "-ex", "set confirm off"]
        for line in (f"target remote {self.local}", *commands):
            words += ["-ex", line]
        try:
            done = subprocess.run([*words, *([str(symbols)] if symbols else [])], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  timeout=limit or self.limit)
            return done.stdout
        except subprocess.TimeoutExpired as late:
            return (late.stdout or b"").decode() + "\ngdb was not done in time"
        finally:
            listener.close()
            job.kill()


def bridge(listener, job):
    """Bytes both ways between gdb and the job, until either is gone."""
    try:
        client, _ = listener.accept()
    except OSError:
        return
    threading.Thread(target=say, args=(client, job), daemon=True).start()
    while data := client.recv(65536):
        job.feed(data)
    job.end_input()


def say(client, job):
    while not (job.folder / "output").exists() and not job.ended.is_set():
        time.sleep(POLL)
    with open(job.folder / "output", "rb") as output:
        while True:
            over = job.ended.is_set()
            if data := output.read():
                client.sendall(data)
            elif over:
                client.close()
                return
            else:
                time.sleep(POLL)
