# One call at a time, over all containers: only the kernel's table is common to them, so the lock is an entry. The
# kernel refuses a second one of its name. It matches no program; where its interpreter would stand it says when it was made.

LOCK=qemu-register-lock LOCKED=no

uptime() {
	read -r uptime _ </proc/uptime
	uptime=${uptime%.*}
}

# lock: waits for its turn. A lock older than any call takes was left by one that was killed.
lock() {
	uptime
	began=$uptime
	while ! write_line ":$LOCK:E::$LOCK::/$uptime:"; do
		read_lock
		if [ -n "$since" ]; then
			uptime
			[ $((uptime - since)) -lt 15 ] || write_entry "$LOCK" -1
			[ $((uptime - began)) -lt 20 ] || fail BUSY "another call has been changing entries for $((uptime - since)) s"
			sleep 0.1 2>/dev/null || sleep 1
		else
			why_refused ":$LOCK:E::$LOCK::/$uptime:"
			case $why in
			'') break ;;
			'File exists') ;;
			*) fail REFUSED "the kernel takes no entry: $why" ;;
			esac
		fi
	done
	LOCKED=yes
}

# read_lock: sets `since`, when the lock was made, or to nothing if there is none.
read_lock() {
	since=''
	while read -r field text; do
		[ "$field" != interpreter ] || since=${text#/}
	done 2>/dev/null <"$MOUNT/$LOCK"
}

unlock() {
	[ "$LOCKED" = no ] || write_entry "$LOCK" -1
	LOCKED=no
}
