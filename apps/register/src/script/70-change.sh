# Changing entries: all that was asked for, or nothing.

TO_ADD='' TO_REMOVE='' SAME='' DIFFERENT='' CHANGING=no ADDED='' REMOVED=''

# plan: sorts everything asked for into TO_REMOVE, TO_ADD and SAME.
plan() {
	look 'qemu-*'
	BEFORE=$SEEN
	[ "$RESET" = no ] || TO_REMOVE=$ENTRIES
	each_of "$UNINSTALL" plan_removal
	table plan_guest
	[ -z "$DIFFERENT" ] || fail ENTRY_DIFFERS "registered otherwise:$DIFFERENT"
}

# plan_removal ITEM: a pattern, an entry's name, or any name of a guest.
plan_removal() {
	found=no
	for entry in $ENTRIES; do
		# shellcheck disable=SC2254 # a pattern is meant
		case $entry in
		$1) TO_REMOVE="$TO_REMOVE $entry" found=yes ;;
		esac
	done
	[ "$found" = no ] || return 0
	case $1 in
	qemu-* | *[*?[]*) ;;
	*)
		[ ! -e "$MOUNT/$1" ] || misuse ENTRY_FOREIGN "$1 is no entry of QEMU's"
		known_guest "$1"
		registered "qemu-$guest" && TO_REMOVE="$TO_REMOVE qemu-$guest" && return 0
		;;
	esac
	say "$1 is not registered: nothing to remove"
}

plan_guest() {
	listed "$1" "$CHOSEN" || return 0
	if ! registered "qemu-$1" || listed "qemu-$1" "$TO_REMOVE"; then
		TO_ADD="$TO_ADD $1"
		return 0
	fi
	wanted "$@"
	if just_so "$wanted"; then
		SAME="$SAME $1"
	else
		DIFFERENT="$DIFFERENT qemu-$1"
		show_difference
	fi
}

# show_difference: tells what is seen and what is wanted; the patterns only where they are not the same.
show_difference() {
	each_entry take "${wanted%%|*}"
	is=$it is_pattern=$pattern
	fields "$wanted"
	take "$name"
	[ "$pattern" = "$is_pattern" ] || is="$is, $is_pattern" it="$it, $pattern"
	say "$name is:        $is"
	say "$name was to be: $it"
}

take() {
	[ "$name" = "$1" ] || return 0
	it="$state, $interpreter, flags \"$flags\"" pattern="offset $offset, magic $magic, mask $mask"
}

# apply: does what was planned. Where old entries go first, each new one is tried under another name before:
# an entry whose interpreter is only on the host could not be put back from here.
apply() {
	CHANGING=yes
	[ -z "$TO_REMOVE" ] || table rehearse
	for entry in $TO_REMOVE; do
		remove "$entry"
	done
	table add
	look 'qemu-*'
	table read_back
	CHANGING=no
}

rehearse() {
	listed "$1" "$TO_ADD" || return 0
	wanted "$@"
	make_entry "$1" qemu-register-trial ":qemu-register-trial:${line#:*:}"
	write_entry qemu-register-trial -1
}

remove() {
	REMOVED="$REMOVED $1"
	write_entry "$1" -1
	[ ! -e "$MOUNT/$1" ] || fail REFUSED "the kernel did not remove $1"
}

add() {
	listed "$1" "$TO_ADD" || return 0
	wanted "$@"
	make_entry "$1" "qemu-$1" "$line"
}

# make_entry GUEST NAME LINE: has the kernel register a line, or says why it does not. It is put down as made before
# it is, as a signal may come in between.
make_entry() {
	ADDED="$ADDED $2"
	write_line "$3" && return 0
	why_refused "$3"
	[ -z "$why" ] || ADDED=${ADDED% "$2"}
	case $why in
	'') ;;
	'File exists') fail NAME_TAKEN "qemu-$1 was registered by something else in the meantime" ;;
	'No such file or directory') fail INTERPRETER_MISSING "no interpreter for $1: $interpreter" ;;
	*denied | *permitted) fail INTERPRETER_FORBIDDEN "the kernel may not open $interpreter: $why" ;;
	*) fail REFUSED "the kernel refuses qemu-$1 (flags \"$FLAGS\", interpreter $interpreter): $why" ;;
	esac
}

# read_back: what the kernel shows must be what was written.
read_back() {
	listed "$1" "$TO_ADD" || return 0
	wanted "$@"
	just_so "$wanted" && return 0
	registered "qemu-$1" || fail NOT_KEPT "qemu-$1 was written, and is not there"
	show_difference
	fail NOT_KEPT "qemu-$1 was written, and reads otherwise"
}

# put_back: undoes a change that was cut short.
put_back() {
	CHANGING=no LOST='' SEEN=$BEFORE
	for entry in $ADDED; do
		write_entry "$entry" -1
	done
	each_entry put_back_entry
	if [ -n "$LOST" ]; then
		remedy_of ROLLBACK_INCOMPLETE
		say "ROLLBACK_INCOMPLETE: could not be put back:$LOST"
		say "  remedy: $remedy"
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
