# A distribution's image to its login: lparun-ci run distribution.boot -D image=$PWD/debian.img
[boot login]
disks = ${image}
memory = 2G
smp = 2
timeout = 600
timeout.loader = 120
step.login = prompt login: $
step.user = send root
# As pressing the power button does it, so that the pass is a whole way there and back.
step.off = powerdown
pass = power-off; stage login
