# One call at a time, over all containers: only the kernel's table is common to them, so the lock is an entry. The
# kernel refuses a second one of its name. It matches no program; where its interpreter would stand it says when it was made.

LOCK=qemu-register-lock LOCKED=no

uptime() {
	read -r uptime _ </proc/uptime
	uptime=${uptime%.*}
}

# lock: waits for its turn. A lock older than any call takes was left by one that was killed. Signals wait until it
# is known whose the lock is.
lock() {
	stop=no
	trap 'stop=yes' INT TERM HUP
	uptime
	began=$uptime
	until take_lock; do
		[ "$stop" = no ] || interrupted
		[ $((uptime - began)) -lt 20 ] || fail BUSY "another call has been changing entries for $((uptime - since)) s"
		sleep 0.1 2>/dev/null || sleep 1
	done
	LOCKED=yes
	trap interrupted INT TERM HUP
	[ "$stop" = no ] || interrupted
}

take_lock() {
	uptime
	since=$uptime
	write_line ":$LOCK:E::$LOCK::/$uptime:" && return 0
	if [ ! -e "$MOUNT/$LOCK" ]; then
		why_refused ":$LOCK:E::$LOCK::/$uptime:"
		case $why in
		'') return 0 ;;
		'File exists') return 1 ;;
		*) fail REFUSED "the kernel takes no entry: $why" ;;
		esac
	fi
	read_lock
	[ $((uptime - since)) -lt 15 ] || write_entry "$LOCK" -1
	return 1
}

# read_lock: sets `since`, when the lock was made, if it is still there.
read_lock() {
	while read -r field text; do
		[ "$field" != interpreter ] || since=${text#/}
	done 2>/dev/null <"$MOUNT/$LOCK"
}

unlock() {
	[ "$LOCKED" = no ] || write_entry "$LOCK" -1
	LOCKED=no
}
