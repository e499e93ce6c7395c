"""./lab shell: the console of an emulated host, or one command there."""

import argparse
import os
import select
import socket
import sys
import termios
import tty

from lab import hosts, say, setup

QUIT = b"\x1d"  # Ctrl-]


def command(arguments):
    parser = argparse.ArgumentParser(prog="lab shell")
    parser.add_argument("host", nargs="?", default="nested")
    parser.add_argument("-c", dest="line", help="run this instead of a shell")
    parser.add_argument("--limit", type=int, default=3600, help="seconds that it may take")
    options = parser.parse_args(arguments)
    setup.for_host(options.host)
    with hosts.make(options.host) as host:
        if options.line is not None:
            return host.run(options.line, options.limit, stream=write_out).status
        talk(host)
    return 0


def write_out(data):
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def talk(host):
    """Join the terminal and the host's console until Ctrl-]."""
    console = socket.socket(socket.AF_UNIX)
    console.connect(str(host.sockets / "console"))
    say.step("build-lab is /host, lparun is in /host/ppc64le; Ctrl-] leaves and stops the host")
    terminal = sys.stdin.isatty()
    if terminal:
        before = termios.tcgetattr(0)
        tty.setraw(0)
    try:
        console.sendall(b"\n")
        pump(console)
    finally:
        if terminal:
            termios.tcsetattr(0, termios.TCSADRAIN, before)
            print()


def pump(console):
    while True:
        for source in select.select([0, console], [], [])[0]:
            data = os.read(0, 4096) if source == 0 else console.recv(65536)
            if not data or (source == 0 and QUIT in data):
                return
            if source == 0:
                console.sendall(data)
            else:
                write_out(data)
