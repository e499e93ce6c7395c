# Run on an emulated host: unpack root.tar and ours.tar of the folder $1 to the empty ext4 file system
# /dev/vda, and configure the Debian packages there.
set -e
root=/tmp/debian
mkdir -p $root
mount -t ext4 -o noatime /dev/vda $root
for archive in root ours; do
    tar -x -p -f "$1/$archive.tar" -C $root
done
rm -rf $root/dev/*
echo "unpacked after $(cut -d ' ' -f 1 /proc/uptime) s"
mkdir -p $root/proc $root/sys $root/run $root/tmp $root/root $root/dev
mount -t proc proc $root/proc
mount --bind /dev $root/dev
mount -t tmpfs run $root/run

run() {
    chroot $root /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
        DEBIAN_FRONTEND=noninteractive DEBCONF_NONINTERACTIVE_SEEN=true "$@"
}

[ -e $root/bin/sh ] || ln -s dash $root/bin/sh
[ -e $root/usr/bin/awk ] || ln -s mawk $root/usr/bin/awk
run sh /var/lib/dpkg/info/base-passwd.preinst install
# Packages that others need to be configured before they say so.
for first in base-passwd base-files; do
    run dpkg --force-depends --configure $first
done
run dpkg --configure -a
run dpkg --audit
echo "configured after $(cut -d ' ' -f 1 /proc/uptime) s"
run passwd -d root
run depmod "$(ls $root/usr/lib/modules)"
# Nobody reads these in a test, and they take time.
run systemctl mask e2scrub_reap.service e2scrub_all.timer fstrim.timer dpkg-db-backup.timer

umount $root/run $root/dev $root/proc
df -m $root
umount $root
echo "done after $(cut -d ' ' -f 1 /proc/uptime) s"
