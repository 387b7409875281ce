# Changing entries: all that was asked for, or nothing.

# each_added COMMAND: calls it with every row; the command asks `is_next` whether it is one of TO_ADD.
each_added() {
	PENDING=$TO_ADD
	[ -z "$TO_ADD" ] || table "$1"
}

# is_next GUEST: both are in the same order, so that only the first of those still to come needs to be looked at.
is_next() {
	case $PENDING in
	"$1 "*) PENDING=${PENDING#* } ;;
	*) return 1 ;;
	esac
}

# apply: does what was planned. Where old entries go first, each new one is tried under another name before: an entry
# whose interpreter is only on the host could not be put back from here.
apply() {
	CHANGING=yes
	[ -z "$TO_REMOVE" ] || each_added rehearse
	for entry in $TO_REMOVE; do
		remove "$entry"
	done
	ADDED=''
	each_added add
	read_back
	CHANGING=no
}

# rehearse ROW: a trial that a killed call left is removed first.
rehearse() {
	is_next "$1" || return 0
	wanted "$@"
	write_entry qemu-register-trial -1
	make_entry qemu-register-trial ":qemu-register-trial:${line#:*:}" "$OURS$1"
	write_entry qemu-register-trial -1
}

# add ROW: sets SHOWN, what the kernel must show of all that was added, and DONE, what is said of it.
add() {
	is_next "$1" || return 0
	wanted "$@"
	make_entry "$OURS$1" "$line"
	SHOWN="${SHOWN}enabled
interpreter $interpreter
flags: $FLAGS_SHOWN
offset 0
magic $7
mask $8
"
	DONE="${DONE}Setting $interpreter as binfmt interpreter for $1
"
}

remove() {
	REMOVED="$REMOVED $1"
	write_entry "$1" -1
	[ ! -e "$MOUNT/$1" ] || fail REFUSED "the kernel did not remove $1"
}

# make_entry NAME LINE [TITLE]: has the kernel register it, or says why it does not. It is noted as made before it is, since
# a signal may arrive in between.
make_entry() {
	ADDED="$ADDED $1"
	write_line "$2" && return 0
	why_refused "$2"
	[ -n "$why" ] || return 0
	ADDED=${ADDED% "$1"}
	case $why in
	'File exists') fail NAME_TAKEN "$1 was registered by something else in the meantime" ;;
	'No such file or directory') fail INTERPRETER_MISSING "no interpreter: $interpreter" ;;
	*denied | *permitted) fail INTERPRETER_FORBIDDEN "the kernel may not open $interpreter: $why" ;;
	*) fail REFUSED "the kernel refuses ${3:-$1} (flags \"$FLAGS\", interpreter $interpreter): $why" ;;
	esac
}

# read_back: what the kernel shows must be what was written. All is compared at once; what differs is looked for only
# if something does. (cut is cat that busybox runs without starting itself again.)
read_back() {
	# shellcheck disable=SC2086 # a list of files
	[ -n "$ADDED" ] && [ "$(cd "$MOUNT" && cut -b 1- $ADDED 2>/dev/null)$NEWLINE" != "$SHOWN" ] || return 0
	BEFORE=$SEEN
	names
	look
	each_added must_be_kept
	SEEN=$BEFORE
}

must_be_kept() {
	is_next "$1" && ! as_wanted "$@" || return 0
	SEEN=$BEFORE
	listed "$OURS$1" "$ENTRIES" || fail NOT_KEPT "$OURS$1 was registered but has disappeared"
	fail NOT_KEPT "$OURS$1 was registered but now differs"
}

# put_back: undoes a change that was cut short.
put_back() {
	CHANGING=no
	for entry in $ADDED; do
		write_entry "$entry" -1
	done
	each_entry put_back_entry
	if [ -n "$LOST" ]; then
		complain ROLLBACK_INCOMPLETE "could not be put back:$LOST"
	else
		say 'Everything is as it was before.'
	fi
}

put_back_entry() {
	listed "$name" "$REMOVED" && [ ! -e "$MOUNT/$name" ] || return 0
	entry_line
	write_line "$line" || LOST="$LOST $name"
	[ "$state" = enabled ] || write_entry "$name" 0
}
