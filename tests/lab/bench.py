"""./lab bench NAME: lparun beside QEMU, on the same emulated host in the same run."""

import argparse
import importlib
import json

from lab import hosts, setup
from lab.failure import LabError

BENCHMARKS = {"start": "lab.bench_start", "ci": "lab.bench_ci"}


def command(arguments):
    parser = argparse.ArgumentParser(prog="lab bench")
    parser.add_argument("name", choices=sorted(BENCHMARKS))
    parser.add_argument("--host", default=hosts.default()[0])
    parser.add_argument("--json", metavar="FILE", help="write the figures there")
    parser.add_argument("--runs", type=int, default=7, help="how often each is measured")
    options = parser.parse_args(arguments)
    setup.for_guests(options.host)
    if options.host == hosts.LOCAL:
        raise LabError("benchmarks need an emulated host as yet: --host nested")
    benchmark = importlib.import_module(BENCHMARKS[options.name])
    benchmark.prepare()
    with hosts.make(options.host) as host:
        figures = benchmark.measure(host, options.runs)
    benchmark.table(figures)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"bench": options.name, "host": options.host, **figures}, file, indent=2)
            file.write("\n")
    return 0
