"""Benchmark "boot": from exec to the first line of the guest's userspace, by each way in."""

from lab import guest, guest_images, timing

MEMORY_MIB = 1024
UP = "guest: userspace is up"
APPEND = "console=hvc0 quiet lab.job=off"
DIRECT, DEFAULT = "lparun direct", "qemu, its default devices"
RUNS = 5
EACH_HOST = False         # hosts differ in speed, hardly in the ratio

prepare = timing.prepare


def programs(host):
    """name: (shell prefix, command), each with the same kernel, initrd and disk on an iothread. GRUB's are on that."""
    run = guest.Guest(host, guest.Setup(memory=f"{MEMORY_MIB}M"))
    run.prepare()
    from_disk = ["-m", f"{MEMORY_MIB}M", *run.disk_options()]
    kernel = [*from_disk, *timing.KERNEL, "-append", APPEND]

    def lparun(bios, arguments):
        return "", [*timing.LPARUN, "-bios", bios, *arguments]

    def qemu(machine_options, arguments=kernel, default_devices=False):
        return timing.qemu(host, machine_options, arguments, default_devices)

    # QEMU as its user gets it has a graphics card, a network card and a CD drive; all other rows are without.
    return {DIRECT: lparun("none", kernel), "lparun SLOF, -kernel": lparun(timing.SLOF, kernel),
            "lparun SLOF, GRUB": lparun(timing.SLOF, from_disk),
            DEFAULT: qemu("", default_devices=True), "qemu, -kernel": qemu(""), "qemu, GRUB": qemu("", from_disk),
            "qemu ic-mode=xics": qemu("ic-mode=xics"), "qemu x-vof=on": qemu("x-vof=on"),
            "qemu x-vof=on,ic-mode=xics": qemu("x-vof=on,ic-mode=xics")}


def measure(host, runs):
    timing.copy_programs(host)
    times = timing.compare(host, programs(host), UP, runs, "boot")
    figures = {name: {"userspace_s": [up for _, up in seen], "median_s": timing.medians(seen)[1]}
               for name, seen in times.items()}
    medians = {name: row["median_s"] for name, row in figures.items()}
    best = min((name for name in medians if name.startswith("qemu")), key=medians.get)
    return {"runs": runs, "memory_mib": MEMORY_MIB, "kernel": guest_images.KERNEL, "programs": figures, "best": best,
            "to_best": medians[DIRECT] / medians[best], "to_default": medians[DIRECT] / medians[DEFAULT]}


def table(figures):
    print(f"\nboot: exec to userspace, medians of {figures['runs']} runs, guest of {figures['memory_mib']} MiB, "
          f"kernel {figures['kernel']}")
    for name, row in figures["programs"].items():
        print(f"{name:30}{row['median_s']:>8.2f} s   ({min(row['userspace_s']):.2f} to {max(row['userspace_s']):.2f})")
    print(f"direct boot takes {figures['to_best']:.2f} of {figures['best']} (the aim: at most 0.7) and "
          f"{figures['to_default']:.2f} of QEMU with its default devices (the aim: at most 0.25)")
