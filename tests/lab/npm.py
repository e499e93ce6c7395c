"""Others' tools that come from the npm registry, each in the cache in a folder of its own."""

import shutil
import subprocess

from lab import apt, cache, say
from lab.failure import LabError

# Name: version.
PACKAGES = {
    "@action-validator/core": "0.6.0",
    "@action-validator/cli": "0.6.0",
    "dockerfile-utils": "0.16.3",
    "gitlab-ci-local": "4.61.1",
    "kubernetes-models": "4.5.1",
    "qemu-qmp": "0.5.0",
    "split": "1.0.1",
}


def install(folder, wanted):
    if not shutil.which("npm"):
        apt.install("npm", ["nodejs", "npm"])
    say.step("installing by npm: " + " ".join(wanted))
    done = subprocess.run(["npm", "install", "--prefix", str(folder), "--ignore-scripts", "--no-audit", "--no-fund",
                           *wanted], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise LabError("npm install failed:\n" + done.stdout[-3000:])


def modules(item, *names):
    """The folder node_modules with these packages; item is the cache's name for it."""
    wanted = [f"{name}@{PACKAGES[name]}" for name in names]
    return cache.ensure(f"npm-{item}", {"npm": wanted}, lambda folder: install(folder, wanted)) / "node_modules"
