"""What the lab raises when it cannot go on; its text is for the person at the terminal."""


class LabError(Exception):
    pass


class Unavailable(LabError):
    """The mirror answers, but does not have it: what needs it cannot be tried, all else can."""


class HostDied(LabError):
    """The emulated host's QEMU is gone, or it no longer answers."""
