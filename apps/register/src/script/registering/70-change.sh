# Changing entries: all that was asked for, or nothing.

TO_ADD='' TO_REMOVE='' SAME='' DIFFERENT='' CHANGING=no REMOVED='' ADDED='' SHOWN='' DONE=''

# plan: sets what is to be done: TO_REMOVE are names of entries, TO_ADD guests in the table's order.
plan() {
	names
	SEEN=$NEWLINE
	[ -z "$ENTRIES" ] || look 'qemu-*'
	[ "$RESET" = no ] || TO_REMOVE=$ENTRIES
	each_of "$UNINSTALL" plan_removal
	case $UNINSTALL:$INSTALL in
	?*:) ;;
	*) of_this_machine && each_chosen plan_guest ;;
	esac
	[ -z "$DIFFERENT" ] || fail ENTRY_DIFFERS "registered otherwise:$DIFFERENT"
}

# plan_removal ITEM: a pattern, an entry's name, any name of a guest, or all.
plan_removal() {
	found=no pattern=$1
	[ "$1" != all ] || pattern='*'
	for entry in $ENTRIES; do
		# shellcheck disable=SC2254 # a pattern is meant
		case $entry in
		$pattern) TO_REMOVE="$TO_REMOVE $entry" found=yes ;;
		esac
	done
	[ "$found" = no ] || return 0
	case $1 in
	all | qemu-* | *[*?[]*) ;;
	*)
		[ ! -e "$MOUNT/$1" ] || misuse ENTRY_FOREIGN "$1 is no entry of QEMU's"
		known_guest "$1"
		listed "qemu-$guest" "$ENTRIES" && TO_REMOVE="$TO_REMOVE qemu-$guest" && return 0
		;;
	esac
	say "$1 is not registered: nothing to remove"
}

plan_guest() {
	if [ -z "$ENTRIES" ] || [ "$RESET" = yes ] || ! listed "qemu-$1" "$ENTRIES" || listed "qemu-$1" "$TO_REMOVE"; then
		TO_ADD="$TO_ADD$1 "
	elif just_so "$@"; then
		SAME="$SAME qemu-$1"
	else
		DIFFERENT="$DIFFERENT qemu-$1"
		show_difference
	fi
}

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

# show_difference: what is seen of the entry of `record`, and what was wanted; the patterns only where they differ.
show_difference() {
	wanted_record=$record it='cannot be read' pattern=''
	each_entry take "${record%%/*}"
	is=$it is_pattern=$pattern
	fields "$wanted_record"
	take "$name"
	[ "$pattern" = "$is_pattern" ] || is="$is, $is_pattern" it="$it, $pattern"
	say "$name is:        $is"
	say "$name was to be: $it"
}

take() {
	[ "$name" = "$1" ] || return 0
	it="$state, $interpreter, flags \"$flags\"" pattern="offset $offset, magic $magic, mask $mask"
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

# rehearse ROW: the trial that a killed call may have left is gone first.
rehearse() {
	is_next "$1" || return 0
	wanted "$@"
	write_entry qemu-register-trial -1
	make_entry qemu-register-trial ":qemu-register-trial:${line#:*:}" "qemu-$1"
	write_entry qemu-register-trial -1
}

# add ROW: sets SHOWN, what the kernel must show of all that was added, and DONE, what is said of it.
add() {
	is_next "$1" || return 0
	wanted "$@"
	make_entry "qemu-$1" "$line"
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

# make_entry NAME LINE [TITLE]: has the kernel register it, or says why it does not. It is put down as made before it is,
# as a signal may come in between.
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
# if something does. (cut is cat that busybox runs without starting itself anew.)
read_back() {
	# shellcheck disable=SC2086 # a list of files
	[ -n "$ADDED" ] && [ "$(cd "$MOUNT" && cut -b 1- $ADDED 2>/dev/null)$NEWLINE" != "$SHOWN" ] || return 0
	BEFORE=$SEEN
	names
	look 'qemu-*'
	each_added must_be_kept
	SEEN=$BEFORE
}

must_be_kept() {
	is_next "$1" && ! just_so "$@" || return 0
	SEEN=$BEFORE
	listed "qemu-$1" "$ENTRIES" || fail NOT_KEPT "qemu-$1 was written, and is not there"
	fail NOT_KEPT "qemu-$1 was written, and reads otherwise"
}

# put_back: undoes a change that was cut short.
put_back() {
	CHANGING=no LOST=''
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
