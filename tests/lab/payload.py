"""The command line of a bare-metal payload of tests/guest."""


def command(host, name, *options):
    program = f"{host.here}/ppc64le"
    return " ".join((f"{program}/lparun -bios {program}/tests/guest/{name}.bin -m 256M", *options))
