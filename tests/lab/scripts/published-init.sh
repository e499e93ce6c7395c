#!/bin/busybox sh
# First program of the guests of published command lines. Their kernel's command line, which is as published, says whose
# guest it is; it does what that caller's own would do.
/bin/busybox mkdir -p /proc /sys /dev /tmp /sbin
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
exec </dev/console >/dev/console 2>&1
line=$(cat /proc/cmdline)
for module in $(cat /modules/order); do
    insmod "/modules/$module.ko"
done

tests() { # what a kernel with KUnit says
    printf 'KTAP version 1\n1..1\n    KTAP version 1\n    # Subtest: lparun\n    1..2\n'
    printf '    ok 1 first\n    ok 2 second\nok 1 lparun\n'
    reboot -f
}

torture() { # what a kernel that has rcutorture says at its end; Debian's has it not
    echo "rcu-torture:--- End of test: SUCCESS: nreaders=7"
    poweroff -f
}

login() { # a prompt, one command at a time
    uname -r
    grep '^model\|^machine' /proc/cpuinfo
    printf 'localhost login: '
    while read -r command; do
        sh -c "$command"
        printf '# '
    done
}

build() { # a distribution's build in a guest: its disks by their serials
    tries=0
    while [ ! -b /dev/vdb ] && [ $tries -lt 100 ]; do
        sleep 0.1
        tries=$((tries + 1))
    done
    echo "root: $(cat /sys/block/vda/serial), swap: $(cat /sys/block/vdb/serial), processors: $(nproc)"
    echo "the build is done"
    poweroff -f
}

case $line in
*kunit.enable=1*) tests ;;
*rcutorture*) torture ;;
*init=/.build/build*) build ;;
*noreboot* | *usbcore.nousb* | *login*) login ;;
*)
    cat /proc/version
    poweroff -f
    ;;
esac
