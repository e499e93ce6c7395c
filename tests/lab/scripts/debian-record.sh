#!/bin/sh
# Run by mmdebstrap when it has unpacked Debian packages: write down in dpkg's database that they are
# unpacked, so that dpkg --configure can do the rest wherever it can run. Documents are left out.
# usage: debian-record.sh ROOT
set -e
database=$1/var/lib/dpkg
control=$1/tmp/control
for deb in "$1"/var/cache/apt/archives/*.deb; do
    dpkg-deb --control "$deb" "$control"
    name=$(dpkg-deb --field "$deb" Package)
    if [ "$(dpkg-deb --field "$deb" Multi-Arch)" = same ]; then
        name=$name:$(dpkg-deb --field "$deb" Architecture)
    fi
    sed '/^Package:/a Status: install ok unpacked' "$control/control" >>"$database/status"
    echo >>"$database/status"
    rm "$control/control"
    for file in "$control"/*; do
        [ ! -e "$file" ] || mv "$file" "$database/info/$name.${file##*/}"
    done
    rmdir "$control"
    dpkg-deb --fsys-tarfile "$deb" | tar -t | sed 's,^\.,,; s,^/$,/.,; s,\(.\)/$,\1,' >"$database/info/$name.list"
done
for folder in doc man locale info lintian; do
    rm -rf "$1/usr/share/$folder"
done
