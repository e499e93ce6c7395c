"""./lab clean: remove what the lab made."""

from lab import cache, paths


def command(_):
    for target in (paths.BUILD, cache.folder()):
        if target.exists():
            print(f"removing {target}")
            cache.remove(target)
    return 0
