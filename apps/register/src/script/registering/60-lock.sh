# One call at a time, over all containers: only the kernel's table is common to them, so the lock is an entry. The
# kernel refuses a second one of its name. It matches no program; where its interpreter would stand it says when it was made.

# sets: uptime
uptime() {
	read -r uptime _ </proc/uptime
	uptime=${uptime%.*}
}

# lock: waits for its turn. Signals wait until it is known whose the lock is.
lock() {
	hold_signals
	waiting_said=no
	uptime
	began=$uptime
	until take_lock; do
		[ "$stop" = no ] || interrupted
		wait_for_lock
	done
	LOCKED=yes
	release_signals
}

# unlock: signals wait here as well. A lock that is given back twice is that of another call the second time.
unlock() {
	hold_signals
	give_back
	release_signals
}

give_back() {
	[ "$LOCKED" = no ] || write_entry "$LOCK" -1
	LOCKED=no
}

hold_signals() {
	stop=no
	trap 'stop=yes' INT TERM HUP
}

release_signals() {
	trap interrupted INT TERM HUP
	[ "$stop" = no ] || interrupted
}

# wait_for_lock: a little, for a while. It is said once, and not where nobody has the time to read it.
wait_for_lock() {
	waited=$((uptime - began))
	[ "$waited" -lt 20 ] || fail BUSY "another call has been changing entries for $age s"
	[ "$waited" -lt 2 ] || [ "$waiting_said" = yes ] || { waiting_said=yes && say 'Waiting for another call, which is changing entries.'; }
	sleep 0.1 2>/dev/null || sleep 1
}

# sets: age
take_lock() {
	uptime
	age=0
	make_lock "$LOCK" && return 0
	if [ ! -e "$MOUNT/$LOCK" ]; then
		why_refused "$lock_line"
		case $why in
		'') return 0 ;;
		'File exists') return 1 ;;
		*) fail REFUSED "the kernel takes no entry: $why" ;;
		esac
	fi
	is_stale "$LOCK" || return 1
	break_lock
	make_lock "$LOCK" # at once: after a sleep of the machine there is no time left to wait
}

# make_lock NAME: fails if another call has it. sets: lock_line
make_lock() {
	lock_line=":$1:E::$1::/$uptime:"
	write_line "$lock_line"
}

# is_stale NAME: whether it is older than any call takes, because a call that was killed left it. Its age is in seconds.
# sets: age
is_stale() {
	text='' age=0
	while read -r field rest; do
		[ "$field" != interpreter ] || text=$rest
	done 2>/dev/null <"$MOUNT/$1"
	case ${text#/} in
	"$text") return 1 ;; # it has just been removed
	'' | *[!0-9]* | 0?* | ?????????????*) age=$uptime ;; # no call wrote this. The shell would calculate with any text
	*) seen_for "$1" "${text#/}" ;;
	esac
	[ "$age" -ge 15 ]
}

# seen_for NAME TIME: its age. By the clock of another time namespace, a lock may be from the future: such a one
# counts from when it was first seen. sets: age
seen_for() {
	age=$((uptime - $2))
	[ "$age" -lt 0 ] || return 0
	case $FUTURE in
	*" $1/$2/"*) age=${FUTURE##*" $1/$2/"} && age=$((uptime - ${age%% *})) ;;
	*) FUTURE="$FUTURE $1/$2/$uptime " age=0 ;;
	esac
}

# break_lock: calls that wait find a lock stale at the same time, and the last to act on it would remove what the first
# has made since. So only one does, which has looked again; and if that one was killed, a later call may.
break_lock() {
	if make_lock "$BREAKER"; then
		! is_stale "$LOCK" || write_entry "$LOCK" -1
		write_entry "$BREAKER" -1
	elif is_stale "$BREAKER"; then
		write_entry "$BREAKER" -1
	fi
}
