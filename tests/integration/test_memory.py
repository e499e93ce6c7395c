"""The guest's memory: its size and nodes as Linux sees them, huge pages, and RAM where addresses have many digits."""

import re

import pytest

from lab import guest, hosts, refusals

# Two nodes crosswise, and a distance that only a table can say.
NODES = ("-smp", "2", "-numa", "node,nodeid=0,cpus=1,mem=3G", "-numa", "node,nodeid=1,cpus=0,mem=2G",
         "-numa", "dist,src=0,dst=1,val=33")
QUIET = "console=hvc0 quiet lab.job="


@pytest.mark.one_host
@pytest.mark.parametrize("firmware", (False, True), ids=("direct", "slof"))
def test_nodes(host, log, firmware):
    """More than 4 GiB in two nodes; by SLOF what CAS answers counts, directly the tree as it is."""
    run = guest.Guest(host, guest.Setup(memory="5G", firmware=firmware, kernel=True, disk=False,
                                        append=QUIET + "nodes", extra=NODES))
    result = run.run()
    log.add("console", result.output)
    assert result.status == 0
    nodes = re.findall(r"guest: node(\d): cpus ([\d,-]*), memory (\d+) kB, distances ([\d ]+)", result.text)
    assert [(node, cpus, distances.strip()) for node, cpus, _, distances in nodes] == \
        [("0", "1", "10 33"), ("1", "0", "33 10")]
    for (_, _, kib, _), gib in zip(nodes, (3, 2)):
        assert 0.9 * gib < int(kib) / 1048576 <= gib


PLACE = "/tmp/huge"
HUGE_PAGES = """
mkdir -p {place} && mount -t hugetlbfs -o pagesize={size}M none {place} || exit 1
echo 3 >/proc/sys/vm/drop_caches
echo 1 >/proc/sys/vm/compact_memory
echo {count} >/proc/sys/vm/nr_hugepages
grep HugePages_Total /proc/meminfo
"""
NO_HUGE_PAGES = f"umount {PLACE}; rmdir {PLACE}; echo 0 >/proc/sys/vm/nr_hugepages"


@pytest.fixture
def huge_pages(host):
    """Their size in MiB, 2 where the host has radix and 16 where not; 256 MiB of them, and a few more."""
    if host.name == hosts.LOCAL:
        pytest.skip("this machine's huge pages are its owner's")
    size = int(re.search(r"Hugepagesize: +(\d+) kB", host.run("cat /proc/meminfo", 30).text).group(1)) >> 10
    assert size == (2 if "radix" in host.kind.has else 16)
    result = host.run(HUGE_PAGES.format(place=PLACE, size=size, count=256 // size + 4), 60)
    assert result.status == 0, result.text
    yield size
    host.run(NO_HUGE_PAGES, 30)


def free_pages(host):
    return int(re.search(r"HugePages_Free: +(\d+)", host.run("cat /proc/meminfo", 30).text).group(1))


# powernv8's are placed by another rule: a TiB of addresses has pages of one size.
@pytest.mark.not_on("powernv9")
def test_huge_pages(host, log, huge_pages):
    """A guest on huge pages, all there from the start; one that asks for what is not there says so."""
    before = free_pages(host)
    extra = ("-mem-path", PLACE, "-mem-prealloc", "-no-reboot")
    run = guest.Guest(host, guest.Setup(memory="256M", firmware=False, kernel=True, disk=False,
                                        append=QUIET + "idle", extra=extra))
    run.prepare()
    job = run.start()
    idle = job.wait_for(b"guest: idle", 60)
    used = before - free_pages(host)
    job.kill()
    log.add("console", job.wait().output)
    assert idle, "the guest did not come up"
    assert used == 256 // huge_pages
    assert free_pages(host) == before, "pages are left behind"
    run.setup.memory = "512M"
    result = run.start().wait()
    log.add("too much", result.output)
    assert result.status == 1
    assert len(result.text.strip().splitlines()) == 1
    assert "more huge pages" in result.text


@pytest.mark.one_host
def test_reset_on_file(host, log):
    """Memory that is a file is as empty after a reset as at first: the guest boots twice."""
    extra = ("-object", "memory-backend-file,id=m,size=512M,mem-path=/dev/shm,prealloc=on",
             "-machine", "memory-backend=m")
    run = guest.Guest(host, guest.Setup(memory="512M", firmware=False, kernel=True, disk=False,
                                        append=QUIET + "reboot", extra=extra))
    run.prepare()
    seen, result = run.run_until(b"job reboot", 2, 90)
    log.add("console", result.output)
    assert seen, "it did not come up again"


@pytest.mark.one_host
def test_beyond_a_terabyte(host, log):
    """RAM holds what is stored there, up to addresses of more than 40 bits. A hashed page table for it has no room."""
    result = host.run(f"exec {host.here}/ppc64le/lparun -m 1100G -machine mmu=radix"
                      f" -bios {host.here}/ppc64le/tests/guest/memory_ends-be.bin", 120)
    log.add("payload", result.output)
    refusals.skip(host, result)
    assert result.status == 0
    assert "not ok" not in result.text and "ok 2 - hypercalls" in result.text
    assert "# RAM 1126400 MiB, places 8" in result.text
