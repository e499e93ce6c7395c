"""The cache folder: items that are built aside and renamed in place, so none is ever half there."""

import contextlib
import fcntl
import hashlib
import json
import os
import pathlib
import shutil
import stat
import time

from lab import say
from lab.failure import Unavailable

STAMP = ".stamp"
# Item: why the mirror does not have it. A run of the tests hands it on to pytest in the environment.
NOT_THERE = "LPARUN_LAB_UNAVAILABLE"
unavailable = json.loads(os.environ.get(NOT_THERE, "{}"))


def folder():
    """The cache's path; LPARUN_CACHE wins over XDG_CACHE_HOME."""
    if os.environ.get("LPARUN_CACHE"):
        return pathlib.Path(os.environ["LPARUN_CACHE"]).absolute()
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(base).absolute() / "lparun"


def path(name):
    return folder() / name


def recipe_hash(recipe):
    text = json.dumps(recipe, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def stamp(name):
    """The hash of the recipe that the item was made by, then what packages it was made of; or None."""
    try:
        return (path(name) / STAMP).read_text()
    except OSError:
        return None


def is_of(name, wanted):
    return (stamp(name) or "").split("\n")[0] == wanted


def contents():
    """{item: the packages that it was made of, one a line}, of all that was made of some."""
    names = sorted(found.parent.name for found in folder().glob("*/" + STAMP))
    found = {name: stamp(name).partition("\n")[2] for name in names}
    return {name: packages for name, packages in found.items() if packages}


def reasons():
    """Why what is not there is not there."""
    return "; ".join(unavailable.values()) or "nothing is known of it"


def remove(target):
    """Remove a file or a tree, folders without write permission included."""
    def retry(function, name, _):
        os.chmod(os.path.dirname(name), stat.S_IRWXU)
        function(name)

    if target.is_symlink() or target.is_file():
        target.unlink()
    for tries_left in (3, 2, 1, 0):
        if not target.exists():
            return
        try:
            shutil.rmtree(target, onerror=retry)
        except OSError:  # one that was interrupted may be about to remove it, too
            if not tries_left:
                raise
            time.sleep(1)


@contextlib.contextmanager
def locked(where):
    """Hold a folder's lock while filling it; two labs at once wait for each other."""
    where.mkdir(parents=True, exist_ok=True)
    with open(where / ".lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say.step(f"waiting for another ./lab that is filling {where}")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def ensure(name, recipe, build):
    """Return the item's path; build(folder) fills it if it is missing or of another recipe, and may return what
    packages it was made of. What the mirror was found not to have is not asked for again."""
    wanted = recipe_hash(recipe)
    if is_of(name, wanted):
        return path(name)
    if name in unavailable:
        raise Unavailable(unavailable[name])
    with locked(folder()):
        if not is_of(name, wanted):
            try:
                make(name, wanted, build)
            except Unavailable as error:
                unavailable[name] = str(error)
                raise
    return path(name)


def make(name, wanted, build):
    aside = folder() / "tmp"
    remove(aside)  # left by a run that was interrupted
    new = aside / "new"
    new.mkdir(parents=True)
    packages = build(new)
    (new / STAMP).write_text("\n".join([wanted, packages or ""]).strip())
    final = path(name)
    final.parent.mkdir(parents=True, exist_ok=True)
    if final.exists():
        os.rename(final, aside / "old")
    os.rename(new, final)
    remove(aside)
