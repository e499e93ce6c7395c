"""A guest that means harm: the payload says that it came to nothing, and the end that a person asks for comes."""

import re

import pytest

LIMIT = 300
END = 15  # seconds that an end may take here: its deadline of 2, on a machine that is emulated and busy

# What ends it while the disk is asked for terabytes.
SCRIPT = """
cd {scratch}
truncate -s 4G hostile.img
{here}/ppc64le/lparun -bios {here}/ppc64le/tests/guest/hostile-{order}.bin -m 512M -ci-hcalls {served} \\
    -drive file=hostile.img,if=virtio,format=raw{drive} </dev/null >hostile.out 2>&1 &
lparun=$!
while ! grep -q "under way" hostile.out && kill -0 $lparun 2>/dev/null; do sleep 0.1; done
before=$(cut -d. -f1 /proc/uptime)
kill -TERM $lparun
wait $lparun
status=$?
cat hostile.out
echo "end: status $status, $(($(cut -d. -f1 /proc/uptime) - before)) s"
rm hostile.img
"""


@pytest.mark.parametrize("order, served, drive", (
    ("be", "kernel", ""), ("le", "user", ",aio=threads"), ("be", "kernel", ",cache=none,aio=native")),
    ids=("io_uring", "threads", "native"))
def test_disk_and_tree(host, order, served, drive, log):
    result = host.run(SCRIPT.format(here=host.here, scratch=host.scratch, order=order, served=served, drive=drive),
                      LIMIT)
    text = result.text.replace("\r", "")
    log.add("console", text)
    assert not result.late
    assert "not ok" not in text and text.count("\nok ") == 2, "the payload's own lines"
    assert "# under way" in text
    end = re.search(r"^end: status (\d+), (\d+) s$", text, re.MULTILINE)
    assert end and int(end.group(1)) == 143
    assert int(end.group(2)) <= END
