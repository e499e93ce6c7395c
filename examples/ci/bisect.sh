#!/bin/sh
# For git bisect run: builds the kernel that is checked out and boots it.
#   git bisect start BAD GOOD && git bisect run examples/ci/bisect.sh initrd.img
make -j"$(nproc)" vmlinux || exit 125
exec lparun-ci run --bisect --repeat 3 --bios none --kernel vmlinux --initrd "$1" --append console=hvc0 \
    --pass 'stage init' --timeout 60
