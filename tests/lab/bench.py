"""./lab bench NAME: lparun beside QEMU, on the same emulated host in the same run."""

import argparse
import importlib
import json

from lab import hosts, setup
from lab.failure import LabError

BENCHMARKS = {"start": "lab.bench_start", "boot": "lab.bench_boot", "ci": "lab.bench_ci",
              "runner": "lab.bench_runner"}


def command(arguments):
    parser = argparse.ArgumentParser(prog="lab bench")
    parser.add_argument("name", choices=sorted(BENCHMARKS))
    parser.add_argument("--host", action="append", help="where to measure; may be given again")
    parser.add_argument("--json", metavar="FILE", help="write the figures there")
    parser.add_argument("--runs", type=int, help="how often each is measured (default 7, boot: 5)")
    options = parser.parse_args(arguments)
    benchmark = importlib.import_module(BENCHMARKS[options.name])
    names = options.host or (hosts.default() if benchmark.EACH_HOST else hosts.default()[:1])
    if hosts.LOCAL in names:
        raise LabError("benchmarks need an emulated host as yet: --host nested")
    for name in names:
        setup.for_guests(name)
    benchmark.prepare()
    figures = [measure(benchmark, name, options) for name in names]
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(figures, file, indent=2)
            file.write("\n")
    return 0


def measure(benchmark, name, options):
    with hosts.make(name) as host:
        figures = benchmark.measure(host, options.runs or getattr(benchmark, "RUNS", 7))
    print(f"\nhost {name}", end="")
    benchmark.table(figures)
    return {"bench": options.name, "host": name, **figures}
