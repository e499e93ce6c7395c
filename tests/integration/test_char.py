"""Consoles and monitors where scripts and managers put them: sockets, pseudo-terminals, telnet, files, descriptors."""

import json
import re

import pytest

from lab import guest, payload, paths, toolchain

pytestmark = pytest.mark.one_host
LIMIT = 120
TOOLS = paths.BUILD / "bench"


def tool(host, name):
    """A program of the tests' own, as the host calls it."""
    toolchain.build_tool(paths.TOP / f"tests/lab/programs/{name}.c", TOOLS / name)
    return f"{host.here}/{(TOOLS / name).relative_to(paths.BUILD)}"


def test_three_consoles(host, log):
    """A Unix socket that the start waits for, a pseudo-terminal, and TCP with a log, of one guest."""
    lparun = payload.command(
        host, "consoles-be", "-serial unix:/run/char/c0,server=on", "-serial mon:pty:/run/char/link",
        "-chardev socket,id=t,host=127.0.0.1,port=4500,server=on,wait=off,logfile=/run/char/log",
        "-serial chardev:t")
    result = host.run(f"""mkdir -p /run/char && cd /run/char && rm -f *
        mkfifo hold
        {lparun} >lparun.out 2>&1 &
        while ! grep -q waits lparun.out; do usleep 50000; done
        {{ printf ef.; cat hold; }} | nc 127.0.0.1 4500 >c2.out &
        cat link >c1.out & cat=$!
        printf ab. | {tool(host, "unix_pipe")} /run/char/c0 >c0.out &
        while ! grep -q done c0.out || ! grep -q done c2.out; do usleep 50000; done
        printf cd. >link
        wait %1; echo "status $?"
        : >hold; kill $cat; tail -n 9 lparun.out c0.out c1.out c2.out log; ls -a""", LIMIT)
    log.add("all", result.output)
    text = result.text.replace("\r", "")
    assert not result.late
    assert "lparun: chardev serial0 waits for a connection on unix:/run/char/c0,server=on\n" in text
    assert re.search(r"^char device redirected to /dev/pts/\d+ \(label serial1\)$", text, re.MULTILINE)
    files = dict(re.findall(r"==> ([\w.]+) <==\n(.*)\n", text))
    assert files["c0.out"] == "<0:a><0:b>done"
    assert files["c1.out"] == "<1:c><1:d>done"
    assert files["c2.out"] == files["log"] == "<2:e><2:f>done"
    assert "status 0" in text
    assert text.split("\n")[-9:-1] == [".", "..", "c0.out", "c1.out", "c2.out", "hold", "log", "lparun.out"]


def test_telnet_and_descriptor(host, log):
    """SLOF is spoken to over telnet; QMP is on a descriptor that somebody listens on, and over TCP."""
    start = guest.Guest(host, guest.Setup(memory="512M", disk=False, extra=(
        "-serial", "telnet:127.0.0.1:4501,server=on,wait=off", "-qmp", "tcp:127.0.0.1:4502,server,nowait",
        "-chardev", "socket,id=m,fd=3,server=on,wait=off", "-mon", "m,mode=control"))).script().removeprefix("exec ")
    result = host.run(f"""mkdir -p /run/char && cd /run/char && rm -f *
        {tool(host, "with_socket")} /run/char/m {start} &
        lparun=$!
        mkfifo typed asked
        while ! grep -q ':{4501:04X} .* 0A ' /proc/net/tcp || ! grep -q ':{4502:04X} .* 0A ' /proc/net/tcp; do usleep 50000; done
        nc 127.0.0.1 4501 <typed >console & exec 3>typed
        nc 127.0.0.1 4502 <asked >qmp & exec 4>asked
        echo '{{"execute":"qmp_capabilities"}}{{"execute":"query-status"}}' >&4
        while ! grep -q '0 > ' console; do usleep 100000; done
        printf 'd# 1234 d# 4321 + .d\\r' >&3
        while ! grep -q 5555 console; do usleep 100000; done
        {{ echo '{{"execute":"qmp_capabilities"}}{{"execute":"quit"}}'; sleep 2; }} | {tool(host, "unix_pipe")} /run/char/m >fd
        wait $lparun; echo "status $?"; exec 3>&- 4>&-; cat fd; echo; cat qmp
        head -c 12 console | od -An -tu1""", LIMIT)
    log.add("all", result.output)
    assert not result.late
    lines = result.text.replace("\r", "").split("\n")
    assert "status 0" in lines
    messages = [json.loads(line) for line in lines if line.startswith("{")]
    assert sum("QMP" in message for message in messages) == 2
    assert {"return": {"running": True, "status": "running"}} in messages
    ends = [message for message in messages if message.get("event") == "SHUTDOWN"]
    assert [end["data"]["reason"] for end in ends] == ["host-qmp-quit"] * 2
    assert "255 251   1 255 251   3 255 251   0 255 253   0" in lines[-2].strip()


def test_wait_is_interrupted(host, log):
    """A start that waits for somebody ends at once, and removes its path."""
    lparun = payload.command(host, "consoles-be", "-serial unix:/run/char/w,server=on")
    result = host.run(f"""mkdir -p /run/char && cd /run/char && rm -f *
        {lparun} 2>said & lparun=$!
        while ! grep -q waits said; do usleep 50000; done
        kill -TERM $lparun; wait $lparun; echo "status $?"; ls""", LIMIT)
    log.add("all", result.output)
    assert result.text.split() == ["status", "143", "said"]


def test_human_monitor(host, log):
    """Behind a mux, and over TCP: what a script asks, and what a person at the console goes to and comes back from."""
    lparun = payload.command(host, "consoles-be", "-serial mon:unix:/run/char/c,server=on,wait=on", "-serial null",
                             "-serial null", "-monitor tcp:127.0.0.1:4503,server=on,wait=off")
    result = host.run(f"""mkdir -p /run/char && cd /run/char && rm -f *
        {lparun} & lparun=$!
        mkfifo typed
        {tool(host, "unix_pipe")} /run/char/c <typed >console & exec 3>typed
        printf 'a\001cinfo status\r\001cb' >&3
        while ! grep -q 'VM status: running' console || ! grep -q '<0:b>' console; do usleep 50000; done
        {{ echo 'info chardev'; echo quit; sleep 2; }} | nc 127.0.0.1 4503 >tcp
        wait $lparun; echo "status $?"; cat console; echo; cat tcp""", LIMIT)
    log.add("all", result.output)
    assert not result.late
    assert "status 0" in result.text
    said = [result.text.index(text) for text in ("(qemu) info status", "VM status: running", "<0:b>")]
    assert said == sorted(said) and "<0:a>" in result.text
    assert result.text.count("monitor - type 'help'") == 2
