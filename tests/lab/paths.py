"""Folders of the checkout."""

import pathlib

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = TOP / "build-lab"          # what hosts see as /host
NATIVE = BUILD / "native"
PPC64LE = BUILD / "ppc64le"
RUN = BUILD / "run"                # consoles, jobs and logs of hosts
LOGS = BUILD / "logs"
