# For who works on Linux, in the folder of the build:
#   lparun-ci run .../linux.boot -D vmlinux=$PWD/vmlinux -D initrd=$PWD/initrd.img --boot 'boots*'
# (a host that is a guest itself has radix only: --boot '*mmu=radix*'), or a kernel with KUnit, without an initrd:
#   lparun-ci run .../linux.boot -D vmlinux=$PWD/vmlinux --boot kunit
[suite]
name = linux

[axes]
mmu = radix;hash
start = slof;direct
cpus = 1;4

[value start=direct]
bios = none

[boot boots]
axes = mmu;start;cpus
kernel = ${vmlinux}
initrd = ${initrd}
append = console=hvc0
machine = mmu=${mmu}
smp = ${cpus}
pass = stage init
timeout = 120
timeout.firmware = 30

# KUnit tests that are built in; CONFIG_KUNIT=y.
[boot kunit]
kernel = ${vmlinux}
bios = none
append = console=hvc0 kunit_shutdown=poweroff
pass = ktap; power-off
tags = kunit
