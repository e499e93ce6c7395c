#!/bin/sh
# Run by mmdebstrap in its own apt configuration: fetch and unpack packages without their
# dependencies. Of a pattern (^...$) the newest is taken that apt may have.
# usage: download.sh ROOT PACKAGE|PATTERN...
set -e
root=$1
shift
export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"

newest() {
    apt-cache search --names-only "$1" | cut -d ' ' -f 1 | sort -V -r | while read -r found; do
        if ! apt-cache policy "$found" | grep -q 'Candidate: (none)'; then
            echo "$found"
            break
        fi
    done
}

mkdir "$root/debs"
cd "$root/debs"
for name in "$@"; do
    case $name in
    ^*)
        found=$(newest "$name")
        if [ -z "$found" ]; then
            echo "E: Unable to locate package $name" >&2
            exit 1
        fi
        name=$found
        ;;
    esac
    apt-get download "$name"
done
for file in *.deb; do
    dpkg-deb --extract "$file" "$root"
done
