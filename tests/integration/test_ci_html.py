"""lparun-ci's HTML page: valid, whole by itself, each link leads somewhere, headings in order, colours to be read."""

import html.parser
import itertools
import json
import re
import subprocess

import pytest

from lab import apt, paths
from lab.failure import LabError

HTML_OF = paths.NATIVE / "tests/unit/html_of"
STYLE = paths.TOP / "ci/html_style.css"
LIMIT = 60

pytestmark = pytest.mark.quick


# --- Runs to make pages of.

FIRMWARE = """
SLOF **********************************************************************
QEMU Starting
 Build Date = Jul  7 2024 10:32:11
 FW Version = git-ee03aec2c106a699
 Press "s" to enter Open Firmware.

Populating /vdevice methods
Populating /vdevice/vty@71000000
Populating /pci@800000020000000
                     00 0000 (D) : 1af4 1042    virtio [ block ]
No NVRAM common partition, re-initializing...
Scanning USB
Using default console: /vdevice/vty@71000000
""".splitlines()
LOADER = ["Detected RAM kernel at 400000 (2d6a4c8 bytes)", "  Welcome to Open Firmware", "",
          "Booting from memory..."]
KERNEL = """
Linux version 6.12.57-powerpc64le (debian-kernel@lists.debian.org) (gcc-14 14.2.0) #1 SMP Debian 6.12.57-1
random: crng init done
radix-mmu: Page sizes from device-tree:
radix-mmu: Page size shift = 12 AP=0x0
Using pSeries machine description
printk: legacy bootconsole [udbg0] enabled
CPU maps initialized for 8 threads per core
 (thread shift is 3)
Allocated 4608 bytes for 1 pacas
-----------------------------------------------------
phys_mem_size     = 0x40000000
dcache_bsize      = 0x80
mmu_features      = 0x3c007641
firmware_features = 0x0000009fc45bfc57
-----------------------------------------------------
Kernel command line: console=hvc0 panic=-1
Memory: 985280K/1048576K available
pci 0000:00:01.0: [1af4:1042] type 00 class 0x018000 conventional PCI endpoint
virtio_blk virtio0: [vda] 2097152 512-byte logical blocks (1.07 GB/1.00 GiB)
""".strip().splitlines()
OOPS = """
BUG: Kernel NULL pointer dereference on read at 0x00000018
Faulting instruction address: 0xc0000000003f2a40
Oops: Kernel access of bad area, sig: 11 [#1]
LE PAGE_SIZE=64K MMU=Radix SMP NR_CPUS=2048 NUMA pSeries
Modules linked in: virtio_blk(+) virtio_pci
CPU: 3 UID: 0 PID: 91 Comm: modprobe Not tainted 6.12.57-powerpc64le #1
NIP:  c0000000003f2a40 LR: c0000000003f29e8 CTR: c0000000003f2980
REGS: c00000000b4fb6f0 TRAP: 0300   Not tainted  (6.12.57-powerpc64le)
NIP [c0000000003f2a40] do_fault+0xc0/0x7a0
LR [c0000000003f29e8] do_fault+0x68/0x7a0
Call Trace:
[c00000000b4fb990] [c0000000003f5e14] handle_mm_fault+0x964/0x1a80
[c00000000b4fba90] [c00000000008c3b0] ___do_page_fault+0x2b0/0xc40
---[ end trace 0000000000000000 ]---
""".strip().splitlines()


def timed(lines, start, step):
    return [f"{start + i * step:10.3f} {line}" for i, line in enumerate(lines)]


def console(oops, fill=30):
    lines = timed(FIRMWARE, 0.212, 0.06) + timed(LOADER, 1.181, 0.03)
    kernel = KERNEL + [f"clk: unit {i}: registered, parent unit {i // 4}" for i in range(fill)]
    times = [1.402 + i * 1.2 / len(kernel) for i in range(len(kernel))]
    lines += [f"{at:10.3f} [{at - 1.4:12.6f}] {line}" for at, line in zip(times, kernel)]
    if oops:
        return lines + [f"{2.611 + i * .002:10.3f} [{1.21 + i * .002:12.6f}][   T91] {line}"
                        for i, line in enumerate(OOPS)]
    return lines + timed(["Run /init as init process", "Debian GNU/Linux 13 guest hvc0", "", "guest login: "],
                         2.61, 0.2)


def marks(**times):
    return [{"name": name.replace("_", "-"), "seconds": at} for name, at in times.items()]


COUNTS = {"exits.PAPR_HCALL": 48211, "exits.MMIO": 1374, "exits.HLT": 14, "exits.NMI": 0, "hypercalls.H_CEDE": 20418,
          "hypercalls.H_PUT_TERM_CHAR": 18112, "hypercalls.H_GET_TERM_CHAR": 9012, "hypercalls.H_LOGICAL_CI_STORE": 24,
          "hypercalls.H_REGISTER_PROC_TBL": 1, "rtas.ibm,read-pci-config": 612, "rtas.start-cpu": 3, "rtas.quiesce": 1,
          "disks.0.reads": 3120, "disks.0.writes": 77, "disks.0.bytes_read": 101847040,
          "disks.0.bytes_written": 315392, "disks.0.errors": 0, "doorbells.0.rung": 3197, "vcpus.0.id": 0,
          "vcpus.1.id": 1}


def outcome(verdict="pass", reason="all that was expected was seen", seconds=3.413, **more):
    text = console(verdict == "oopsed")
    return {"verdict": verdict, "reason": reason, "signature": None, "stage": "login", "hang": None, "seconds": seconds,
            "exit-status": -1, "flooded": False, "incomplete": False, "folder": "boot",
            "timeline": marks(start=0.041, console=0.212, quiesce=1.391, cas=1.422, process_table=1.604,
                              start_cpu=1.911),
            "stages": marks(firmware=0.212, loader=1.181, kernel=1.402, init=2.61, login=3.21), "counts": COUNTS,
            "cases": [], "block": [], "last": text[-40:], **more}


INPUTS = [{"what": "kernel", "path": "/srv/ci/linux/vmlinux", "size": 47655112,
           "version": "Linux version 6.12.57-powerpc64le",
           "sha256": "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"},
          {"what": "firmware", "path": "/usr/share/slof/boot_rom.bin", "size": 995000,
           "version": "SLOF git-ee03aec2c106a699",
           "sha256": "8d969eef6ecad3c29a3a629280e686cf0c3f5d5a86aff3ca12020c923adc6c92"},
          {"what": "initrd", "path": "/srv/ci/initrd.img", "size": 0, "version": None, "sha256": None}]


def boot(name, *outcomes, **more):
    last = outcomes[-1]
    return {"name": name, "verdict": last["verdict"], "reason": last["reason"], "known": None, "axes": {}, "tags": [],
            "command": ["lparun", "-m", "1G", "-kernel", "/srv/ci/linux/vmlinux", "-append", "console=hvc0 panic=-1",
                        "-nographic"],
            "again": f"lparun-ci run suite.boot --only '{name}'", "inputs": INPUTS, "outcomes": list(outcomes), **more}


def run_of(*boots, **more):
    return {"schema": 2, "lparun-ci": "0.1.0", "suite": "examples/matrix.boot", "started": "2026-11-30T07:37:21Z",
            "seconds": 92.4, "host": "Linux 6.12.57 ppc64le, POWER9, nested", "shard": 0, "shards": 0,
            "all": [one["name"] for one in boots], "boots": list(boots), **more}


CASES = [
    *({"name": f"selftests: mm: mmap/case_{i}", "result": "pass", "text": None, "output": None} for i in range(24)),
    {"name": "selftests: mm: madvise/populate_read", "result": "fail", "text": "expected 0, is -14",
     "output": "# populate_read: Test failed at step 4\n# madvise() returned -14\n# <b>not bold</b>"},
    {"name": "selftests: mm: madvise/populate_write", "result": "timeout", "text": "45 seconds", "output": None},
    {"name": "selftests: mm: hugetlb", "result": "skip", "text": "no huge pages", "output": None},
    {"name": "selftests: mm: guard", "result": "expected fail", "text": "TODO not on hash", "output": None}]


def failed(**more):
    text = console(True)
    first = next(i for i, line in enumerate(text) if "BUG: Kernel NULL" in line)
    more = {"exit-status": 1, "incomplete": True, **more}
    return outcome("oopsed", "BUG: Kernel NULL pointer dereference on read at 0x00000018", 4.713, stage="kernel",
                   signature="oops: do_fault", hang="spinning at do_fault+0xc0", cases=CASES, block=text[first:],
                   stages=marks(firmware=0.212, loader=1.181, kernel=1.402), **more)


def one_pass():
    return run_of(boot("direct/6.12-64k", outcome(), axes={"mmu": "radix"}))


def one_fail():
    first = outcome("timed out", "20 s were over in stage loader; waited for 'Linux version'", 20.002, folder="first")
    return run_of(boot("slof/6.12-64k", first, failed(), axes={"mmu": "radix", "vcpus": "4"}, tags=["smoke", "mm"],
                       known=None), all=["slof/6.12-64k", "slof/6.1-64k"])


def cell(axes, end):
    name = ",".join(f"{axis}={value}" for axis, value in axes.items())
    return boot(f"boot[{name}]", end, axes=axes)


def matrix():
    """Three small axes, and a boot that has none."""
    boots = []
    for kernel, mmu, vcpus in itertools.product(["6.1", "6.12"], ["radix", "hash"], ["1", "4"]):
        end = failed(folder=None) if (kernel, mmu) == ("6.1", "hash") else outcome(folder=None)
        boots.append(cell({"kernel": kernel, "mmu": mmu, "vcpus": vcpus}, end))
    return run_of(*boots, boot("alone", outcome("flaky", "it passed when it was tried again", folder=None)))


KERNELS = ["6.1-4k", "6.1-64k", "6.12-4k", "6.12-64k", "6.18-4k", "6.18-64k", "mainline-4k", "mainline-64k", "next-4k",
           "next-64k"]
ENDS = {
    7: failed(), 31: failed(), 32: failed(),
    90: outcome("timed out", "60 s were over in stage firmware; waited for 'Linux version'", 60.1, stage="firmware",
                hang="all vCPUs asleep", stages=marks(firmware=0.2)),
    101: outcome("flaky", "it passed when tried again"),
    102: outcome("known failure", "hash needs 4k pages"),
    155: outcome("could not test", "lparun: no memory", 0.1),
    170: outcome("panicked", "Kernel panic - not syncing: no init", 2.2, signature="panic: no init"),
    171: outcome("stuck at a prompt", "You are in emergency mode", 12.2, signature="prompt: emergency mode"),
    180: outcome("no result", "it ended before the power-off", 1.1, stage="nothing"),
    181: outcome("unexpected pass", "it was expected to fail", 3.1),
    182: outcome("rebooted", "the guest rebooted", 8),
}


def many():
    """200 boots, most of which pass."""
    boots = []
    for i, (kernel, firmware, vcpus) in enumerate(itertools.product(
            KERNELS, ["slof", "direct", "slof-git", "grub", "petitboot"], ["1", "4", "8", "16"])):
        end = ENDS.get(i) or outcome(seconds=2.5 + i * 7 % 31 / 10, folder=None if i % 8 else "boot")
        boots.append(cell({"kernel": kernel, "firmware": firmware, "vcpus": vcpus}, end))
    return run_of(*boots, seconds=1834.2)


EVIL = "\"><script>alert(1)</script><img src='http://example.org/x' onerror=alert(1)>\u202e\u0085\ufffe&nosuch;"


def evil(value):
    """The same with each text an evil one, names of members apart."""
    if isinstance(value, dict):
        return {name: member if name in ("verdict", "result", "folder", "schema") else evil(member)
                for name, member in value.items()}
    return [evil(one) for one in value] if isinstance(value, list) else EVIL if isinstance(value, str) else value


RUNS = {"pass": one_pass, "fail": one_fail, "matrix": matrix, "many": many, "evil": lambda: evil(one_fail()),
        "evil-matrix": lambda: evil(matrix()), "nothing": run_of}


def write(folder, run):
    (folder / "results.json").write_text(json.dumps(run))
    for name in ("boot", "first"):
        (folder / name).mkdir(exist_ok=True)
        oops = any(one["verdict"] == "oopsed" for one in run["boots"])
        (folder / name / "console.txt").write_text("\n".join(console(oops, 30)) + "\n")
        (folder / name / "console.raw").write_text("")
    return folder / "results.json"


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Each run's page, made when it is asked for."""
    made = {}

    def page(name):
        if name not in made:
            file = write(tmp_path_factory.mktemp(name), RUNS[name]())
            done = subprocess.run([HTML_OF, file], stdout=subprocess.PIPE, timeout=LIMIT, check=True)
            made[name] = done.stdout.decode()
        return made[name]
    return page


# --- What holds for each page.

VOID = {"meta", "link", "input", "br", "use", "rect", "circle", "path", "line"}


class Page(html.parser.HTMLParser):
    """What the tests ask of a page; that its elements are closed in order, it checks itself."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open, self.text = [], [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        assert len(dict(attrs)) == len(attrs), f"<{tag}> has an attribute twice"
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, f"</{tag}> at {self.getpos()}"

    def handle_data(self, data):
        self.text.append((self.open[-1] if self.open else None, data))

    def values(self, name):
        return [attrs[name] for _, attrs in self.elements if name in attrs]

    def all(self, *tags):
        return [attrs for tag, attrs in self.elements if tag in tags]


@pytest.mark.parametrize("name", RUNS)
def test_page(name, pages):
    page = Page(pages(name))
    check_links(page)
    check_is_alone(page)
    check_is_accessible(page)


def check_links(page):
    ids = page.values("id")
    assert len(set(ids)) == len(ids), "an id is there twice"
    for link in page.values("href") + ["#" + one for one in page.values("aria-labelledby")]:
        assert link[1:] in ids if link.startswith("#") else link.startswith(("./", "data:image/svg+xml,")), link


def check_is_alone(page):
    """No scripts, nothing from elsewhere, one style."""
    tags = [tag for tag, _ in page.elements]
    assert not {"script", "img", "iframe", "object", "embed", "base", "form"} & set(tags)
    assert tags.count("style") == 1
    assert [attrs["rel"] for attrs in page.all("link")] == ["icon"]
    names = {name for _, attrs in page.elements for name in attrs}
    assert not [name for name in names if name.startswith("on") or name in ("style", "src", "srcset", "action")]
    style = "".join(text for tag, text in page.text if tag == "style")
    assert "url(" not in style and "@import" not in style


def check_is_accessible(page):
    tags = [tag for tag, _ in page.elements]
    assert [tags.count(tag) for tag in ("main", "header", "footer", "h1")] == [1] * 4
    levels = [int(tag[1]) for tag in tags if re.fullmatch("h[1-6]", tag)]
    assert all(after <= before + 1 for before, after in zip(levels, levels[1:])), "a level of headings is left out"
    assert page.all("html")[0]["lang"] == "en"
    assert all("scope" in attrs for attrs in page.all("th"))
    pictures = [attrs for attrs in page.all("svg") if attrs.get("role") == "img"]
    assert all(attrs["aria-label"] for attrs in pictures)
    assert all(attrs["aria-label"] for _, attrs in page.elements if attrs.get("role") == "group")
    first = next(attrs for tag, attrs in page.elements if tag == "a")
    assert first["class"] == "skip"


@pytest.fixture(scope="module")
def html5lib():
    try:
        apt.install("what reads HTML strictly", ["python3-html5lib"])
    except LabError as error:
        pytest.skip(f"html5lib cannot be had: {str(error).splitlines()[-1]}")
    return pytest.importorskip("html5lib")


@pytest.mark.parametrize("name", [name for name in RUNS if name != "many"])
def test_valid(name, pages, html5lib):
    html5lib.HTMLParser(strict=True).parse(pages(name))


# --- What is in them.

def test_pass(pages):
    text = pages("pass")
    assert "<h1>" in text and "direct/6.12-64k: pass" in text
    for word in ("all that was expected was seen", "97.1\u00a0MiB", "49,599", "5f70bf18a086007016e948b04aed3b82103a",
                 "lparun-ci run suite.boot --only &#39;direct/6.12-64k&#39;", "lparun -m 1G -kernel"):
        assert word in text
    assert "id=\"failures\"" not in text and "class=\"failure\"" not in text


def test_fail(pages):
    text = pages("fail")
    for word in ("slof/6.12-64k: oopsed", "spinning at do_fault+0xc0", "1 boot is missing", "<li>slof/6.1-64k</li>",
                 "first failure", "Attempts", "<b>24</b> pass", "&lt;b&gt;not bold&lt;/b&gt;", "./first/console.txt"):
        assert word in text
    assert text.index("madvise/populate_read") < text.index("mmap/case_0"), "failures come first"
    assert re.search(r'<a href="#(b1-\d+)">BUG: Kernel NULL.*<span id="\1" class="failure">', text, re.DOTALL)
    assert re.search(r'<span class="stage">kernel</span><span id="b1-\d+">.*Linux version 6.12.57', text)


def test_matrix(pages):
    text = pages("many")
    assert "9 of 200 boots failed" in text
    assert text.count('<table class="matrix">') == 4 and text.count('<a class="cell ') == 200
    assert "<b>oops: do_fault</b> <span class=\"dim\">3 boots</span>" in text
    assert len(re.findall(r'<details class="boot \w+" open>', text)) == 10
    assert len(text) < 8 << 20


# --- Colours.

def luminance(colour):
    digits = colour if len(colour) == 6 else "".join(2 * digit for digit in colour)
    parts = [int(digits[i:i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_contrast(scheme):
    """Whatever stands on whatever has the contrast that WCAG's AA wants."""
    rules = re.findall(r":root \{(.*?)\}", STYLE.read_text(), re.DOTALL)
    colours = dict(re.findall(r"--([\w-]+): #(\w+);", rules[scheme]))
    pairs = [(text, ground) for text in ("fg", "dim", "link", "good", "soft", "bad", "time", "host", "none")
             for ground in ("bg", "card", "well")]
    pairs += [(tone, tone + "-bg") for tone in ("good", "soft", "bad", "time", "host", "none")]
    pairs += [("fg", f"s{i}") for i in range(7)]
    pairs += [("fg", "mark"), ("dim", "none-bg"), ("fg", "soft-bg"), ("dim", "soft-bg")]
    for text, ground in pairs:
        assert contrast(colours[text], colours[ground]) >= 4.5, f"{text} on {ground}"
