# For who works on SLOF, in SLOF's folder:
#   lparun-ci run .../slof.boot -D slof=$PWD/board-qemu/boot_rom.bin -D disk=$PWD/disk.img
# or without a disk:
#   lparun-ci run .../slof.boot -D slof=$PWD/board-qemu/boot_rom.bin --boot forth --boot words
[suite]
name = slof

[defaults]
bios = ${slof}
timeout = 60

# Forth at the prompt.
[boot forth]
step.prompt = expect 0 > $
step.add = send 3 4 + .
step.seven = expect 7  ok

# A test of one's own: words that tell of their results by KTAP. SLOF goes on in the line that was typed, and a result
# begins a line, so each begins with cr.
[boot words]
step.prompt = expect 0 > $
step.version = send cr ." KTAP version 1" cr ." 1..2" cr
step.ready = expect 0 > $
step.drop = send 1 2 drop 1 = cr if ." ok 1 drop" else ." not ok 1 drop" then cr
step.ready2 = expect 0 > $
step.swap = send 1 2 swap 1 = swap 2 = and cr if ." ok 2 swap" else ." not ok 2 swap" then cr
pass = ktap

# To GRUB from a disk's image, which stays as it is.
[boot disk]
disks = ${disk}
timeout = 120
step.grub = expect GNU GRUB
tags = disk
