"""-trace and -d with whole guests: the lines that must be there, what bounds them, and nothing at all without them."""

import re
import subprocess

import pytest

from lab import guest, paths, payload

pytestmark = pytest.mark.one_host
LIMIT = 150

HEAD = r"^ *\d+\.\d{6} "
TOOK = r" <\d+\.\d{6}>$"
# Of a boot through SLOF to a kernel that reads its disk.
LINES = (
    r"\[vcpu 0\] H_PUT_TERM_CHAR\(unit=0x\w+, length=1, text=\"S\"\) = H_SUCCESS" + TOOK,
    r"\[vcpu 0\] KVMPPC_H_RTAS\(arguments=0x\w+\) = H_SUCCESS" + TOOK,
    r"\[vcpu 0\] KVMPPC_H_CAS\(vectors=0x\w+, answer=0x\w+, size=\d+\) = H_SUCCESS" + TOOK,
    r"\[vcpu 0\] rtas ibm,read-pci-config\(address=0x0, buid=0x800000020000000, size=4\) = RTAS_SUCCESS "
    r"\(value=0x10421af4\)" + TOOK,
    r"\[vcpu 0\] rtas quiesce\(\) = RTAS_SUCCESS" + TOOK,
    r"\[vcpu 0\] mmio_write\(address=0x\w+, size=1, value=0xf\)" + TOOK,
    r"\[vcpu 0\] mmio_read\(address=0x\w+, size=\d, value=0x\w+\)" + TOOK,
    r"\[vcpu 0\] virtio_write\(virtio-blk0, device_status, size=1, value=0xf\) "
    r"\(ACKNOWLEDGE\|DRIVER\|FEATURES_OK\|DRIVER_OK\)$",
    r"\[vcpu 0\] virtio_read\(virtio-blk0, num_queues, size=2, value=0x1\)$",
    r"\[vcpu 0\] virtio_queue\(virtio-blk0, queue=0, size=256, .* features=0x\w+\)$",
    r"\[[\w-]*io0\] virtio_request\(virtio-blk0, queue=0, head=\d+, to_device=16, from_device=\d+, buffers=\d+\)$",
    r"\[[\w-]*io0\] virtio_answer\(virtio-blk0, queue=0, head=\d+, written=\d+\)" + TOOK,
    r"\[[\w-]*io0\] irq_pulse\(source=0x1\w+\)$",
)


def without_dropped(lines):
    """Every line is whole: its head, or what was left out."""
    return [line for line in lines if not re.match(r"\(\d+ lines left out: they came too fast\)$", line)]


def test_events_of_a_boot(host, log):
    extra = ("-trace", f"hcall,rtas,virtio,irq,mmio,file={host.inside}/trace")
    run = guest.Guest(host, guest.Setup(memory="512M", kernel=True, append="console=hvc0 quiet lab.job=off", extra=extra))
    result = run.run(LIMIT)
    log.add("console", result.output)
    text = (host.folder / "trace").read_text()
    log.add("trace", text[:20000])
    assert (result.status, result.late) == (0, False)
    lines = without_dropped(text.splitlines())
    assert not [line for line in lines if not re.match(HEAD + r"\[[\w -]+\] \w", line)]
    missing = [line for line in LINES if not re.search(HEAD + line, text, re.MULTILINE)]
    assert not missing, "\n".join(missing)
    traced = len(re.findall(r"\] H_PUT_TERM_CHAR\(", text))
    assert traced == run.stats()["hypercalls"]["H_PUT_TERM_CHAR"] or len(lines) < len(text.splitlines())


def test_guest_errors_of_a_payload(host, log):
    """What it does wrong has a line; what it does right has none, and nothing goes where the console is."""
    command = payload.command(host, "calls-be", "-numa node,mem=256M -numa node,cpus=0,mem=256M", "-d guest_errors,unimp", f"-D {host.inside}/%d.log",
                              memory="512M")
    result = host.run(f"{command} </dev/null & wait $!; status=$?; mv {host.inside}/$!.log {host.inside}/errors.log\n"
                      "exit $status", LIMIT)
    log.add("console", result.output)
    text = (host.folder / "errors.log").read_text()
    log.add("log", text)
    assert result.status == 0
    assert re.search(HEAD + r"\[vcpu 0\] guest_errors: H_LOGICAL_DCBF\(address=0x10000000000\) = H_PARAMETER$", text,
                     re.MULTILINE)
    assert "H_SUCCESS" not in text and "guest_errors" not in result.text


def test_guest_errors_are_bounded(host, log):
    """A guest that is refused some thousand times gets a few dozen lines, and their number is told."""
    command = payload.command(host, "ci_hypercalls-be", "-d guest_errors -ci-hcalls user", f"-D {host.inside}/bounded.log",
                              "-drive file=bounded.img,if=virtio,format=raw", memory="512M")
    result = host.run(f"cd {host.scratch} && dd if=/dev/zero of=bounded.img bs=1M count=1 2>/dev/null && {command} </dev/null",
                      LIMIT)
    log.add("console", result.output)
    text = (host.folder / "bounded.log").read_text()
    log.add("log", text)
    assert result.status == 0
    refused = re.findall(r"guest_errors: (?:\((\d+) hypercalls that were refused left out\) )?H_LOGICAL_CI_\w+\(", text)
    assert 32 < len(refused) < 32 + 20
    assert refused[32] == "31", "of the 64th"
    assert re.search(r"^\(\d+ hypercalls that were refused left out\)$", text, re.MULTILINE)


# Of a guest that waits for what is typed: its threads and how many files it has open.
LOOK = """
cd {scratch}
mkfifo look.in
sleep {limit} >look.in &
{command} <look.in >look.out 2>&1 &
lparun=$!
while ! grep -q "# type" look.out && kill -0 $lparun 2>/dev/null; do sleep 0.1; done
cat /proc/$lparun/task/*/comm | sed 's/^/thread /'
ls /proc/$lparun/fd | wc -l | sed 's/^/files /'
kill -TERM $lparun %1
wait $lparun
rm -f look.*
"""


def look(host, log, *options):
    command = payload.command(host, "typed-be", *options)
    result = host.run(LOOK.format(scratch=host.scratch, command=command, limit=LIMIT), LIMIT)
    log.add(command, result.output)
    return set(re.findall(r"^thread (.*?)\r?$", result.text, re.MULTILINE)), int(re.search(r"files (\d+)", result.text)[1])


def test_nothing_without_it(host, log):
    threads, files = look(host, log)
    traced_threads, traced_files = look(host, log, "-trace rtas,file=look.trace")
    assert "vcpu 0" in threads and "trace" not in threads
    assert traced_threads == threads | {"trace"}
    assert traced_files == files + 2  # the file, and what wakes the thread


def probes(program):
    """{name: arguments} of the notes that tell of USDT probes."""
    notes = subprocess.run(["readelf", "--notes", "--wide", str(program)], stdout=subprocess.PIPE, text=True, check=True).stdout
    return dict(re.findall(r"Provider: lparun\n\s+Name: (\w+)\n.*\n\s+Arguments: (.*)", notes))


@pytest.mark.quick
@pytest.mark.parametrize("build", (paths.NATIVE, paths.PPC64LE), ids=("native", "ppc64le"))
def test_probes_are_in_the_file(build):
    """Each that the document has, with as many arguments."""
    page = (paths.TOP / "docs/tracing.md").read_text().split("## USDT probes")[1]
    wanted = {}
    for names, arguments in re.findall(r"^\| (`.*`) \| (.*) \|$", page, re.MULTILINE):
        wanted |= {name: arguments.count(",") + 1 for name in re.findall(r"`(\w+)`", names)}
    found = probes(build / "lparun")
    assert {name: len(arguments.split()) for name, arguments in found.items()} == wanted
