#!/usr/bin/python3
"""What farms' scripts see of lparun-ci, without a boot: run SUITE [--shard K/N] --report FOLDER, and merge FILE...
--report FOLDER. A boot passes, unless there is a file NAME.bad; each K-th one is shard K's."""

import json
import os
import pathlib
import re
import sys


def shard(options):
    if "shard" in options:
        return tuple(map(int, options["shard"].split("/")))
    return int(os.environ["JOB_COMPLETION_INDEX"]) + 1, int(os.environ["LPARUN_CI_SHARDS"])


def write(folder, results):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(json.dumps(results))
    return int(any(boot["verdict"] != "pass" for boot in results["boots"]))


def run(options, suite):
    place, shards = shard(options)
    names = re.findall(r"^\[boot (.*)\]$", pathlib.Path(suite).read_text(), re.MULTILINE)
    boots = [{"name": name, "verdict": "fail" if os.path.exists(name + ".bad") else "pass"}
             for name in names[place - 1::shards]]
    return {"shard": place, "shards": shards, "all": names, "boots": boots}


def merge(options, *files):
    parts = [json.loads(pathlib.Path(file).read_text()) for file in files]
    boots = {boot["name"]: boot for part in parts for boot in part["boots"]}
    return {"shard": 0, "shards": 0, "all": parts[0]["all"],
            "boots": [boots.get(name, {"name": name, "verdict": "could not test"}) for name in parts[0]["all"]]}


def main(command, *words):
    options = {words[i][2:]: words[i + 1] for i in range(len(words) - 1) if words[i].startswith("--")}
    plain = [word for i, word in enumerate(words) if not word.startswith("--") and not words[i - 1].startswith("--")]
    results = {"run": run, "merge": merge}[command](options, *plain)
    return write(pathlib.Path(options["report"]), results)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
