"""What the lab raises when it cannot go on; its text is for the person at the terminal."""


class LabError(Exception):
    pass


class HostDied(LabError):
    """The emulated host's QEMU is gone, or it no longer answers."""
