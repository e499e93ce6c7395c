# Debian's installer to its first screen, in the folder with its kernel and initrd:
#   lparun-ci run .../installer.boot -D kernel=$PWD/vmlinux -D initrd=$PWD/initrd.gz
[boot installer]
kernel = ${kernel}
initrd = ${initrd}
append = console=hvc0 loglevel=7
memory = 1G
smp = 2
timeout = 300
step.screen = expect Select a language
