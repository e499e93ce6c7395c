"""./lab demo: the main job, shown live and checked."""

import argparse

from lab import checks, guest, hosts, say, setup, toolchain
from lab.shell import write_out

TABLE = """
H_LOGICAL_CI_LOAD and H_LOGICAL_CI_STORE handled by {where}
  doorbell rings                             {fired:>8}
  rings that needed userspace                {rung:>8}
  H_LOGICAL_CI_LOAD that reached userspace   {load:>8}
  H_LOGICAL_CI_STORE that reached userspace  {store:>8}
"""


def command(arguments):
    parser = argparse.ArgumentParser(prog="lab demo")
    parser.add_argument("--host", default=hosts.default()[0])
    parser.add_argument("--ci-hcalls", choices=["kernel", "user"], default="kernel")
    options = parser.parse_args(arguments)
    setup.for_guests(options.host)
    toolchain.build_ppc64le("lparun")
    with hosts.make(options.host) as host:
        return 0 if show(host, options.ci_hcalls) else 1


def show(host, ci_hcalls):
    """Run the guest and print the proof; True if all of it holds."""
    run = guest.Guest(host, guest.Setup(ci_hcalls=ci_hcalls))
    say.step("the guest's console from here on; about a minute\n")
    result = run.run(stream=write_out)
    say.step(f"lparun ended after {result.seconds:.1f} s\n")
    found = checks.boot(run, result, guest.disk_sha256())
    for check in found:
        print(check)
    stats = run.stats()
    if stats:
        fired, rung = checks.rings(stats)
        load, store = checks.ci_exits(stats).values()
        print(TABLE.format(where="the kernel" if ci_hcalls == "kernel" else "userspace",
                           fired=fired, rung=rung, load=load, store=store))
    failed = checks.failures(found)
    print("demo: FAILED" if failed else "demo: all of it holds")
    return not failed
