#!/bin/busybox sh
# First program of a test guest. The word lab.job= on the kernel's command line says what to do:
#   sha     (default) read the data area of /dev/vda, answer the host's nonce on disk, power off
#   idle    say so and wait for ever; the power button powers off
#   count   print numbers and the uptime for ever
#   hotplug take processors off line and on again while all have work, then crash the kernel
#   off     power off
#   panic   crash the kernel
#   reboot  reset the machine
#   ktap    tell of tests by KTAP, one of which fails, power off
#   nodes   say what each NUMA node has, power off
#   storm   read in small pieces, twice at once, while interrupts move between CPUs; power off
# /layout holds the disk's areas, in MiB: DATA_AT DATA_SIZE NONCE_AT ANSWER_AT
/bin/busybox mkdir -p /proc /sys /dev /tmp /sbin
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
exec </dev/console >/dev/console 2>&1
job=sha
for word in $(cat /proc/cmdline); do
    case $word in lab.job=*) job=${word#*=} ;; esac
done
for module in $(cat /modules/order); do
    insmod "/modules/$module.ko"
done
. /layout

wait_for_disk() {
    tries=0
    while [ ! -b /dev/vda ] && [ $tries -lt 100 ]; do
        sleep 0.1
        tries=$((tries + 1))
    done
}

area() { # the part of the disk at MiB $1 of $2 MiB; dd tells on /tmp/read how much it was
    dd if=/dev/vda bs=1M skip="$1" count="$2" 2>/tmp/read
}

sha() {
    wait_for_disk
    sum=$(area $DATA_AT $DATA_SIZE | sha256sum)
    bytes=$(($(sed -n 's/+0 records out.*//p' /tmp/read) * 1048576))
    echo "guest: sha256 ${sum%% *} of $bytes bytes read through /dev/vda"
    nonce=$(area $NONCE_AT 1 | head -c 32)
    { echo "guest answers $nonce"; dd if=/dev/zero bs=1M count=1 2>/dev/null; } | head -c 1048576 >/tmp/answer
    if dd if=/tmp/answer of=/dev/vda bs=1M seek=$ANSWER_AT conv=notrunc,fsync 2>/tmp/error; then
        echo "guest: wrote the answer to $nonce"
    else
        echo "guest: write failed: $(tail -n 1 /tmp/error)"
    fi
    sync
}

STORM_READS=500

read_small() { # 4 KiB at a time, each its own request, of the $2 pieces from piece $1 on
    dd if=/dev/vda of=/dev/null bs=4k skip=$((DATA_AT * 256 + $1)) count="$2" iflag=direct 2>"/tmp/small.$1" || echo "guest: read $1 failed"
}

# Linux lets nobody move a disk's interrupts but by taking their CPU off line.
move_interrupts() {
    moves=0
    while [ -e /tmp/storm ]; do
        for cpu in 0 1; do
            echo 0 >/sys/devices/system/cpu/cpu$cpu/online && echo 1 >/sys/devices/system/cpu/cpu$cpu/online && moves=$((moves + 1))
        done
        echo $moves >/tmp/moves
    done
}

storm() {
    wait_for_disk
    touch /tmp/storm
    move_interrupts &
    mover=$!
    read_small 0 $STORM_READS &
    read_small $STORM_READS $STORM_READS
    wait $!
    rm /tmp/storm
    wait $mover
    cat /tmp/small.*
    cat /proc/interrupts
    echo "guest: storm is over, $(cat /tmp/moves) moves"
}

switch() { # processor $1 on line (1) or off (0)
    echo "$2" >"/sys/devices/system/cpu/cpu$1/online" || echo "guest: cpu $1 does not go to $2"
}

hotplug() {
    processors=$(nproc)
    for busy in 1 2; do
        while :; do :; done &
    done
    while :; do sleep 0.01; done &
    round=0
    while [ $round -lt 5 ]; do
        for cpu in $(seq 1 $((processors - 1))); do switch "$cpu" 0; done
        alone=$(nproc)
        for cpu in $(seq 1 $((processors - 1))); do switch "$cpu" 1; done
        round=$((round + 1))
        echo "guest: round $round, $alone and $(nproc) cpus"
    done
    echo "guest: hotplug done"
}

echo "guest: userspace is up, job $job, $(nproc) cpus, $(uname -r)"
of_cpu() { # the first value of $1 in /proc/cpuinfo
    sed -n "s/^$1[^:]*: //p" /proc/cpuinfo | head -n 1
}
controller=$(grep -oE 'XIVE-IRQ|XICS' /proc/interrupts | head -n 1)
echo "guest: cpu $(of_cpu cpu), MMU $(of_cpu MMU), interrupts by $controller"
echo "guest: threads of the first core: $(cat /sys/devices/system/cpu/cpu0/topology/thread_siblings_list)"

# What the kernel runs when the power button is pressed.
cat >/sbin/poweroff <<'END'
#!/bin/busybox sh
echo "guest: power button" >/dev/console
exec /bin/poweroff -f
END
chmod +x /sbin/poweroff

entropy() { # of a virtio-rng, where there is one
    random=/sys/class/misc/hw_random
    source=$(grep -o 'virtio_rng[^ ]*' $random/rng_available) || return
    echo "$source" >$random/rng_current
    bytes=$(dd if=/dev/hwrng bs=4096 count=4 iflag=fullblock 2>/dev/null | gzip | wc -c)
    echo "guest: $(cat $random/rng_current) gives 16384 bytes, $bytes packed"
}
[ -e /sys/class/misc/hw_random ] && entropy

case $job in
sha) sha ;;
storm) storm ;;
count)
    number=0
    while :; do
        number=$((number + 1))
        read -r up idle </proc/uptime
        echo "guest: count $number, up $up s"
        sleep 0.1
    done
    ;;
idle)
    echo "guest: idle"
    while :; do sleep 1000; done
    ;;
nodes)
    for node in /sys/devices/system/node/node[0-9]*; do
        memory=$(sed -n 's/.*MemTotal: *//p' "$node/meminfo")
        echo "guest: ${node##*/}: cpus $(cat "$node/cpulist"), memory $memory, distances $(cat "$node/distance")"
    done
    ;;
ktap)
    cat <<'END'
KTAP version 1
1..3
  KTAP version 1
  # Subtest: arithmetic
  1..3
  ok 1 add
  not ok 2 divide
  # divide: 7 / 2 is not 4
  ok 3 root # SKIP no such machine
not ok 1 arithmetic
ok 2 memory
ok 3 disk # TODO
END
    ;;
hotplug)
    hotplug
    echo c >/proc/sysrq-trigger
    ;;
panic) echo c >/proc/sysrq-trigger ;;
reboot) reboot -f ;;
esac
echo "guest: powering off"
poweroff -f
