"""An emulated POWER host: started once, serves many jobs, stopped hard."""

import atexit
import itertools
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import threading
import time

from lab import cache, child, emulator, host_images, host_table, paths, say, trees
from lab.failure import HostDied, LabError
from lab.job import Job

MEMORY = "6G"
PROCESSORS = "2"
READY_LIMIT = 180         # seconds; 4 to 10 on an idle machine
KEPT_SECONDS = 6 * 3600
running = []


class Host:
    numbers = itertools.count(1)

    def __init__(self, name, drives=()):
        """drives: paths of raw images that are the host's /dev/vda and on."""
        self.drives = drives
        self.kind = host_table.kind(name)
        self.name = name
        self.here = "/host"       # build-lab as the host sees it
        self.cache = "/cache"
        self.scratch = "/tmp"     # a tmpfs: fast
        self.process = None
        self.jobs = {}
        self.job_numbers = itertools.count(1)
        self.ready = threading.Event()
        self.lock = threading.Lock()

    @property
    def direct_io(self):
        """Whether files in scratch can be read past the page cache: tmpfs has that since Linux 6.6."""
        return tuple(map(int, self.release.split(".")[:2])) >= (6, 6)

    # Start and stop

    def start(self):
        kernel = trees.kernel(self.kind.kernel)
        initramfs = host_images.initramfs(self.kind)
        forget_old_runs()
        run = f"run/{self.name}-{os.getpid()}-{next(Host.numbers)}"
        self.folder = paths.BUILD / run
        self.inside = f"{self.here}/{run}"
        (self.folder / "jobs").mkdir(parents=True)
        self.sockets = pathlib.Path(tempfile.mkdtemp(prefix="lparun-lab-"))
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self.sockets / "agent"))
        listener.listen(1)
        say.step(f"starting the emulated host {self.name}")
        self.process = self._launch(self._command(kernel / "vmlinux", initramfs))
        running.append(self)
        listener.settimeout(30)
        try:
            self.channel = listener.accept()[0]
        except OSError:
            self._failed_start("QEMU did not start")
        finally:
            listener.close()
        threading.Thread(target=self._listen, daemon=True).start()
        self._await_ready()

    def _command(self, kernel, initramfs):
        command = [*emulator.system_emulator(), *self.kind.machine,
                   "-accel", "tcg,thread=multi", "-smp", PROCESSORS, "-m", MEMORY,
                   "-display", "none", "-monitor", "none", "-no-reboot",
                   "-chardev", f"socket,id=console,path={self.sockets}/console,server=on,wait=off,"
                               f"logfile={self.folder}/console.log",
                   "-serial", "chardev:console",
                   "-kernel", str(kernel), "-initrd", str(initramfs),
                   # QEMU hands the NMI that a watchdog sends to a host's processor to the guest that runs there.
                   "-append", f"console=hvc0 quiet panic=5 nmi_watchdog=0 hostname={self.name}"]
        buses = iter(self.kind.buses)

        def device(text):
            bus = next(buses, None)
            return ["-device", text + (f",bus={bus}" if bus else "")]

        for tag, folder, mode in (("cache", cache.folder(), ",readonly=on"), ("host", paths.BUILD, "")):
            command += ["-fsdev", f"local,path={folder},security_model=none,id={tag}{mode}",
                        *device(f"virtio-9p-pci,fsdev={tag},mount_tag={tag}")]
        command += ["-chardev", f"socket,id=agent,path={self.sockets}/agent",
                    *device("virtio-serial-pci,id=ports"),
                    "-device", "virtserialport,bus=ports.0,chardev=agent,name=lab"]
        for path in self.drives:
            command += ["-drive", f"file={path},if=virtio,format=raw,cache=unsafe,discard=unmap"]
        return command

    def _launch(self, command):
        with open(self.folder / "qemu.log", "wb") as log:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                    env=emulator.environment(), preexec_fn=child.killed_with_parent,
                                    start_new_session=True)

    def _await_ready(self):
        end = time.monotonic() + READY_LIMIT
        while not self.ready.wait(0.1):
            if self.process.poll() is not None:
                self._failed_start(f"QEMU ended with status {self.process.returncode}")
            if time.monotonic() > end:
                self._failed_start(f"not up after {READY_LIMIT} s")
        say.step(f"host {self.name} is up (Linux {self.release})")

    def _failed_start(self, reason):
        self.stop()
        raise LabError(f"host {self.name}: {reason}\n{self.last_words()}")

    def last_words(self):
        """The end of QEMU's own messages and of the host's console."""
        text = ""
        for name in ("qemu.log", "console.log"):
            try:
                text += f"--- {name}\n" + (self.folder / name).read_text(errors="replace")[-4000:]
            except OSError:
                pass
        return text

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def stop(self):
        """Kill the emulator; nothing on the host is worth a shutdown."""
        if self.process is None:
            return
        self.process.kill()
        self.process.wait()
        if self in running:
            running.remove(self)
        shutil.rmtree(self.sockets, ignore_errors=True)
        self._abandon("the host was stopped")

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    # The channel to the agent

    def _listen(self):
        with self.channel.makefile("r", errors="replace") as lines:
            try:
                for line in lines:
                    self._hear(line.split())
            except OSError:
                pass
        self._abandon(f"host {self.name} died")

    def _hear(self, words):
        if words[:1] == ["ready"]:
            self.release = words[1]
            self.ready.set()
        elif words[:1] == ["done"] and len(words) == 4:
            job = self.jobs.pop(words[1], None)
            if job:
                job.finish(int(words[2]), words[3] == "late")

    def _order(self, *words):
        try:
            with self.lock:
                self.channel.sendall((" ".join(words) + "\n").encode())
        except OSError as error:
            raise HostDied(f"host {self.name} died: {error}") from error

    def _abandon(self, reason):
        for name in list(self.jobs):
            job = self.jobs.pop(name, None)
            if job:
                job.abandon(reason)

    # Jobs

    def spawn(self, script, limit=60, fed=False):
        """Start a shell script on the host; it is killed with all its children after limit seconds."""
        number = str(next(self.job_numbers))
        folder = self.folder / "jobs" / number
        folder.mkdir()
        (folder / "script").write_text(script)
        if fed:
            (folder / "fed").touch()
        job = Job(folder, f"{self.inside}/jobs/{number}", limit, self._order)
        self.jobs[job.name] = job
        self._order("run", job.name, str(int(limit)))
        return job

    def lparun(self):
        """The lparun that runs there, for a shell: its process's number."""
        return "$(pidof lparun)"

    def run(self, script, limit=60, stream=None):
        """Run a shell script on the host to its end; returns a job.Result."""
        return self.spawn(script, limit).wait(stream)


def forget_old_runs():
    """Consoles and jobs of hosts are kept for some hours, for a look at what went wrong."""
    for folder in paths.RUN.glob("*-*"):
        if time.time() - folder.stat().st_mtime > KEPT_SECONDS:
            cache.remove(folder)


@atexit.register
def stop_all():
    for host in list(running):
        host.stop()
