# A line of QEMU's:
#   qemu-system-ppc64 -M pseries -enable-kvm -m 2G -smp 4 -nographic -kernel vmlinux -initrd initrd.img \
#       -append "console=hvc0" -drive file=disk.img,if=virtio,format=raw
# What a boot has a key for goes there, and the rest, as it is, to `arguments`. What it must show is new:
#   lparun-ci run qemu.boot -D vmlinux=$PWD/vmlinux -D initrd=$PWD/initrd.img -D disk=$PWD/disk.img -D 'up=login: $'
[boot from-qemu]
memory = 2G
smp = 4
kernel = ${vmlinux}
initrd = ${initrd}
append = console=hvc0
disks = ${disk}
arguments = -nographic
step.up = expect ${up}
timeout = 120
