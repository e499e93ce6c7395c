"""Build tools: the only thing that the lab installs on the machine itself."""

import os
import subprocess

from lab import packages, say
from lab.failure import LabError


def missing(names):
    """Those of names that dpkg does not have installed."""
    query = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *names],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    installed = {line.split()[0] for line in query.stdout.splitlines() if line.endswith(" installed")}
    return [name for name in names if name not in installed]


def apt_get(*arguments):
    sudo = [] if os.geteuid() == 0 else ["sudo"]
    command = [*sudo, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", *arguments]
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)


def install_build_tools():
    wanted = list(packages.BUILD_TOOLS)
    if packages.building_machine()[0] != "ppc64el":
        wanted += packages.CROSS_TOOLS
    install("build tools", wanted)


def install(what, wanted):
    """Install what is missing of wanted, and say so first."""
    absent = missing(wanted)
    if not absent:
        return
    say.step(f"installing {what} by apt: " + " ".join(absent))
    apt_get("update")
    done = apt_get("install", "-y", "--no-install-recommends", *absent)
    if done.returncode != 0:
        raise LabError("apt-get install failed:\n" + done.stdout[-3000:])
