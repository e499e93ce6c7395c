#!/bin/sh
# Run by mmdebstrap in its own apt configuration: fetch and unpack packages without their
# dependencies. A meta package (linux-image-*) is followed to the package that it names.
# usage: download.sh ROOT PACKAGE...
set -e
root=$1
shift
export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
mkdir "$root/debs"
cd "$root/debs"
for name in "$@"; do
    case $name in
    linux-image-*) name=$(apt-cache depends "$name" | sed -n 's/^ *Depends: //p' | head -n 1) ;;
    esac
    apt-get download "$name"
done
for file in *.deb; do
    dpkg-deb --extract "$file" "$root"
done
rm -r "$root/debs"
