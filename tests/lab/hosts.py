"""The right host for a name: this machine where it has a POWER /dev/kvm, else an emulated one."""

from lab.host import Host
from lab.local_host import LocalHost, usable

LOCAL = "local"


def default():
    """Names of the hosts that the tests use unless told otherwise."""
    return [LOCAL] if usable() else ["nested", "powernv9", "powernv8"]


def make(name):
    return LocalHost() if name == LOCAL else Host(name)
