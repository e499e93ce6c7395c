#!/bin/busybox sh
# First program of an emulated host: modules, the folders from outside, then the ppc64el root.
/bin/busybox mkdir -p /proc /sys /dev /cache /root
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
exec >/dev/console 2>&1 </dev/null
kvm=
for word in $(cat /proc/cmdline); do
    case $word in lab.kvm=*) kvm=${word#*=} ;; esac
done
for module in $(cat /modules/order); do
    insmod "/modules/$module.ko" || echo "lab: insmod $module failed"
done

# The cache does not change while a host runs, so it may be kept in the host's page cache.
share=trans=virtio,version=9p2000.L,msize=512000
mount -t 9p -o ro,cache=loose,$share cache /cache || echo "lab: no cache share"
root=/root
# A mount of its own, so that jobs can unshare their mounts.
mount --bind /cache/root $root
mount -t proc proc $root/proc
mount -t sysfs sys $root/sys
mount -t tracefs trace $root/sys/kernel/tracing
mount -t debugfs debug $root/sys/kernel/debug
mount -t cgroup2 cgroup $root/sys/fs/cgroup
mount -t devtmpfs dev $root/dev
mkdir -p $root/dev/pts $root/dev/shm
mount -t devpts -o ptmxmode=0666 devpts $root/dev/pts
mount -t tmpfs shm $root/dev/shm
if [ -b /dev/ram0 ]; then # of a kernel older than 6.6, whose tmpfs does not take O_DIRECT
    mke2fs -i 262144 /dev/ram0 >/dev/null
    mount -t ext4 /dev/ram0 $root/tmp
else
    mount -t tmpfs -o size=4g tmp $root/tmp
fi
mount -t tmpfs run $root/run
mount -t 9p -o cache=none,$share host $root/host || echo "lab: no host share"
mount --bind /cache $root/cache
mount --bind /cache/emulator/usr/share/qemu $root/usr/share/qemu
ip link set lo up
mkdir -p $root/run/bin $root/run/lab
/bin/busybox --install -s $root/run/bin
cp /agent.sh /console.sh $root/run/lab/
[ -e /dev/kvm ] || echo "lab: no /dev/kvm"
export PATH=/usr/local/bin:/usr/bin:/usr/sbin:/bin:/sbin:/run/bin HOME=/root TERM=linux
chroot $root /bin/busybox sh /run/lab/agent.sh &
while :; do
    setsid cttyhack chroot $root /bin/busybox sh /run/lab/console.sh
    sleep 1
done
