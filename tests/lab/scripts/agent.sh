# Runs jobs for the lab on an emulated host. Orders come in and results go out, a line each, on
# the virtio-serial port "lab"; a job's script and output are files in the shared folder.
#   run FOLDER SECONDS | feed FOLDER BASE64 | eof FOLDER | kill FOLDER
#   ready RELEASE | done FOLDER STATUS IN-TIME
groups=/sys/fs/cgroup

port() {
    for entry in /sys/class/virtio-ports/*; do
        [ "$(cat "$entry/name")" = lab ] && echo "/dev/${entry##*/}"
    done
}

stop() { # kills all that the job of this name left running
    echo 1 >"$groups/$1/cgroup.kill"
}

watch() { # stop job $1 when its $2 seconds are over
    sleep "$2"
    : >"/run/lab/$1.late"
    stop "$1"
}

job() { # one job from its start to its end: name, folder, seconds
    mkdir "$groups/$1"
    watch "$1" "$3" 9>&- &
    watcher=$!
    cd "$2"
    setsid sh -c 'echo $$ >"$0/cgroup.procs"; exec 9>&- sh "$1"' \
        "$groups/$1" "$2/script" <"$input" >"$2/output" 2>&1 &
    wait $!
    status=$?
    kill $watcher
    stop "$1"
    late=in-time
    [ -e "/run/lab/$1.late" ] && late=late
    [ -e "/run/lab/$1.holder" ] && kill "$(cat "/run/lab/$1.holder")"
    echo "done $2 $status $late" >&9
    rmdir "$groups/$1"
}

run() { # folder, seconds
    name=${1##*/}
    input=/dev/null
    if [ -e "$1/fed" ]; then
        input=/run/lab/$name.in
        mkfifo "$input"
        sleep 2147483647 <>"$input" 9>&- & # keeps the pipe open between two feeds
        echo $! >"/run/lab/$name.holder"
    fi
    job "$name" "$1" "$2" 2>/dev/null &
}

exec 9<>"$(port)"
echo "ready $(uname -r)" >&9
while read -r order folder rest <&9; do
    name=${folder##*/}
    case $order in
    run) run "$folder" "$rest" ;;
    feed) echo "$rest" | base64 -d >"/run/lab/$name.in" & ;;
    eof) kill "$(cat "/run/lab/$name.holder")" ;;
    kill) stop "$name" ;;
    esac
done
