"""Children that do not outlive the lab, even when it is killed."""

import ctypes
import signal

PR_SET_PDEATHSIG = 1


def killed_with_parent():
    """For preexec_fn."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def ended_with_parent():
    """The same for a child that has to clean up behind itself."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
