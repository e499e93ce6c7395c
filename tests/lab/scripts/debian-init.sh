#!/bin/busybox sh
# First program of a Debian guest's initramfs: the modules for its root, then Debian's own init.
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
exec </dev/console >/dev/console 2>&1
for module in $(cat /modules/order); do
    insmod "/modules/$module.ko"
done
for word in $(cat /proc/cmdline); do
    case $word in root=*) root=${word#*=} ;; esac
done
tries=0
while [ ! -b "$root" ] && [ $tries -lt 100 ]; do
    sleep 0.1
    tries=$((tries + 1))
done
mount -t ext4 -o ro "$root" /root || poweroff -f
for folder in proc sys dev; do
    mount --move "/$folder" "/root/$folder"
done
exec switch_root /root /sbin/init
