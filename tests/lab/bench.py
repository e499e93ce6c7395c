"""./lab bench NAME: lparun beside QEMU, on the same emulated host in the same run."""

import argparse
import importlib
import json

from lab import hosts, paths, peer, setup, toolchain
from lab.failure import LabError

BENCHMARKS = {"start": "lab.bench_start"}


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
    peer.prepare()
    toolchain.build_ppc64le("lparun")
    toolchain.build_tool(paths.TOP / "tests/bench/first_byte.c", paths.BUILD / "bench/first_byte")
    benchmark = importlib.import_module(BENCHMARKS[options.name])
    with hosts.make(options.host) as host:
        figures = benchmark.measure(host, options.runs)
    benchmark.table(figures)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"bench": options.name, "host": options.host, **figures}, file, indent=2)
            file.write("\n")
    return 0
