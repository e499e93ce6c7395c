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

STAMP = ".stamp"


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
    """The hash of the recipe that the item was made by, or None."""
    try:
        return (path(name) / STAMP).read_text()
    except OSError:
        return None


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
    """Return the item's path; build(folder) fills it if it is missing or of another recipe."""
    wanted = recipe_hash(recipe)
    if stamp(name) == wanted:
        return path(name)
    with locked(folder()):
        if stamp(name) != wanted:
            make(name, wanted, build)
    return path(name)


def make(name, wanted, build):
    aside = folder() / "tmp"
    remove(aside)  # left by a run that was interrupted
    new = aside / "new"
    new.mkdir(parents=True)
    build(new)
    (new / STAMP).write_text(wanted)
    final = path(name)
    final.parent.mkdir(parents=True, exist_ok=True)
    if final.exists():
        os.rename(final, aside / "old")
    os.rename(new, final)
    remove(aside)
