#!/bin/sh
# Run by mmdebstrap at its end: leave a list of the packages that the root was made of, and not the packages.
# usage: list-packages.sh ROOT
set -e
for folder in "$1/debs" "$1/var/cache/apt/archives"; do
    [ ! -d "$folder" ] || ls "$folder"
done | grep '\.deb$' >"$1/.packages"
rm -rf "$1/debs"
