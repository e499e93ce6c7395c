# The shell on the host's console, for ./lab shell.
export PS1='\h:\w# '
cd /host
exec /bin/busybox sh -i
