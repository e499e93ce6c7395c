"""The command line of a bare-metal payload of tests/guest."""


def command(host, name, *options, memory="256M"):
    program = f"{host.here}/ppc64le"
    return " ".join((f"{program}/lparun -bios {program}/tests/guest/{name}.bin -m {memory}", *options))
