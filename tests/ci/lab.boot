# What ./lab ci runs on an emulated host: each way to start, and each way to go wrong. tests/lab/ci.py has the verdicts
# that must come.
[suite]
name = lab

[defaults]
lparun = ${lparun}
timeout = 240
memory = 512M
kernel = ${cache}/kernel-6.12-4k/vmlinux
initrd = ${cache}/guest-initrd/initrd
bios = none
stage.init = guest: userspace is up

[axes]
kernel = 6.12-4k;6.12-64k
start = slof;direct
mmu = ${mmus}
cpus = 1;4

[value kernel=6.12-64k]
kernel = ${cache}/kernel-6.12-64k/vmlinux
initrd = ${cache}/guest-initrd-6.12-64k/initrd
[value start=slof]
bios = ${slof}

[boot linux]
axes = kernel;start;mmu;cpus
exclude = ${excluded}
append = console=hvc0 loglevel=6 lab.job=off
machine = mmu=${mmu}
smp = ${cpus}
step.up = expect guest: userspace is up, job off, ${cpus} cpus
pass = power-off; stage init

[boot forth]
bios = ${slof}
kernel =
initrd =
append =
step.prompt = expect 0 > $
step.add = send 3 4 + .
step.sum = expect 7  ok

# SLOF, GRUB and Linux from a disk, which reads all of it and writes: to a copy.
[boot disk]
bios = ${slof}
kernel =
initrd =
append =
disks = ${cache}/guest-disk/disk.img
step.menu = expect GNU GRUB
step.sum = expect guest: sha256 [0-9a-f]{64} of \d+ bytes
step.answer = expect guest: wrote the answer
pass = power-off; stage init

[boot must-fail]
append = console=hvc0 loglevel=6 lab.job=off
step.login = expect login:

[boot known]
append = console=hvc0 loglevel=6 lab.job=off
step.login = expect login:
expected = fail
because = this guest has no login

[boot panics]
append = console=hvc0 loglevel=6 lab.job=panic
pass = power-off

[boot reboots]
append = console=hvc0 loglevel=6 lab.job=reboot
pass = power-off

[boot reboots-as-it-must]
append = console=hvc0 loglevel=6 lab.job=reboot
pass = reboots 1

# No disk read of SLOF's is ever answered.
[boot stalls]
bios = ${slof}
kernel =
initrd =
append =
disks = ${cache}/guest-disk/disk.img
arguments = -x-demo-stall
timeout = 45
step.menu = expect GNU GRUB

[boot tests]
append = console=hvc0 loglevel=6 lab.job=ktap
pass = ktap; power-off

[boot command]
modules = ${cache}/kernel-6.12-4k/modules
initrd =
append =
exec = sh -c 'echo "KTAP version 1"; echo 1..1; echo "ok 1 $0"' word

[boot command-fails]
modules = ${cache}/kernel-6.12-4k/modules
initrd =
append =
exec = sh -c 'echo some output; exit 7'

[boot command-files]
bios = ${slof}
modules = ${cache}/kernel-6.12-4k/modules
initrd =
append =
file.in = /srv/suite=lab.boot
env.word = WORD=two words
collect.out = /out
exec = sh -c 'mkdir /out; while read -r line; do echo "$WORD"; break; done < /srv/suite > /out/copy'

[boot command-panics]
modules = ${cache}/kernel-6.12-4k/modules
initrd =
append =
exec = sh -c 'echo c > /proc/sysrq-trigger'

# Debian's kernels have their virtio drivers as modules.
[boot command-without-modules]
initrd =
append =
exec = sh -c true

[boot no-kernel]
kernel = /none/vmlinux
