"""lparun says that this host's KVM has not what a test asked it for: a skip, where that is so."""

import re

import pytest

from lab import host_table

# The word of -machine that was refused.
REFUSAL = re.compile(r"lparun: (?:.*: )?-machine [\w-]+=(\w+): (?:this host's )?KVM.*")


def skip(host, result):
    """Skips a test whose run ended with such a line; fails it where the host is known to have that."""
    found = REFUSAL.search(result.text) if result.status == 1 else None
    if not found:
        return
    kind = host_table.HOSTS.get(host.name)
    if kind and found.group(1) in kind.has:
        pytest.fail(f"{host.name} has that: {found.group()}", pytrace=False)
    pytest.skip(found.group().strip())
