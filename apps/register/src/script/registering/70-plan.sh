# What is to be changed: an entry that works and has what was asked for is kept.

# survey: what there is, and what is to be removed in any case.
survey() {
	names
	SEEN=$NEWLINE
	[ "$ENTRIES$OTHERS" = no ] || look
	[ "$RESET" = no ] || TO_REMOVE=$ENTRIES
	each_of "$UNINSTALL" plan_removal
	claimants
}

# untouched: whether nothing that is there could do for what was asked, so that nothing has to be tried.
untouched() {
	[ -z "$CLAIMANTS" ] && { [ -z "$ENTRIES" ] || [ "$RESET" = yes ]; }
}

# plan: sets TO_REMOVE, names of entries, and TO_ADD, guests in the table's order.
plan() {
	case $UNINSTALL:$INSTALL in
	?*:) return 0 ;;
	esac
	of_this_machine
	each_chosen add_chosen
	if untouched; then
		TO_ADD=$CHOSEN
	else
		try_entries
		PENDING=$CHOSEN
		table weigh
	fi
	some_found
	[ -z "$DIFFERENT" ] || differences
}

add_chosen() {
	CHOSEN="$CHOSEN$1 "
}

# plan_removal ITEM: a pattern, an entry's name, any name of a guest, or all.
plan_removal() {
	small_letters "$1"
	found=no pattern=$1
	[ "$small" != all ] || pattern='*'
	for entry in $ENTRIES; do
		# shellcheck disable=SC2254 # a pattern is meant
		case $entry in
		$pattern) TO_REMOVE="$TO_REMOVE $entry" found=yes ;;
		esac
	done
	[ "$found" = no ] || return 0
	case $small in
	all | qemu-* | "$OURS"* | *[*?[]*) ;;
	*)
		! of_other_system "$1" || return 0
		[ ! -e "$MOUNT/$1" ] || misuse ENTRY_FOREIGN "$1 is not an entry of QEMU's"
		known_guest "$1"
		listed "$OURS$guest" "$ENTRIES" && TO_REMOVE="$TO_REMOVE $OURS$guest" && return 0
		;;
	esac
	say "$1 is not registered: nothing to remove"
}

# try_entries: runs the probe of every chosen guest that has an entry. sets: TRIED
try_entries() {
	TO_TRY='' PENDING=$CHOSEN TRIED=yes
	table add_to_try
	[ -n "$TO_TRY" ] || return 0
	# shellcheck disable=SC2086 # a list of guests
	run_probes $TO_TRY && return 0
	TRIED=no
	say 'No room for probes (see VERIFY_NO_ROOM): entries count as working if their emulator is held or there.'
}

add_to_try() {
	is_next "$1" || return 0
	! is_there "$1" || [ "$PERSISTENT" = yes ] || ! as_wanted "$@" || return 0
	! is_there "$1" && ! claimed "$@" || TO_TRY="$TO_TRY $1"
}

# weigh ROW: what becomes of a chosen guest, by the entry that has its programs now.
weigh() {
	is_next "$1" || return 0
	if is_there "$1"; then
		read_entry "$OURS$1"
	elif ! claimed "$@"; then
		add_guest "$@"
		return 0
	fi
	case $name in
	qemu-* | "$OURS"*) weigh_entry "$@" ;;
	*) weigh_other "$@" ;;
	esac
}

# read_entry NAME: sets the fields of one that is there.
# sets: name state flags offset magic mask extension interpreter
read_entry() {
	copy="$1/unreadable//////"
	each_entry copy_entry "$1"
	fields "$copy"
}

copy_entry() {
	[ "$name" != "$1" ] || copy=$record
}

add_guest() {
	if [ "$NEEDS_EMULATOR" = no ] || has_emulator "$2"; then
		TO_ADD="$TO_ADD$1 " FOUND=yes
	else
		no_emulator "$1" "$2"
	fi
}

# weigh_other ROW: an entry of another program, such as Rosetta or FEX, would be shadowed by a newer one.
weigh_other() {
	if [ "$OVERRIDE" = yes ]; then
		add_guest "$@"
	else
		FOUND=yes
		say "skipping $1: the entry $name ($interpreter) has its programs; to register it anyway, add --override"
	fi
}

# weigh_entry ROW: one that works and has what was asked for is kept; one that does not work is replaced.
weigh_entry() {
	if as_wanted "$@" && [ "$PERSISTENT" = no ]; then
		SAME="$SAME $name" FOUND=yes # each container has its own emulator: that cannot be tried from here
	elif [ "$state" = disabled ]; then
		DIFFERENT="$DIFFERENT $1:$name"
	elif ! works "$@"; then
		replace "$@"
	elif as_wanted "$@"; then
		SAME="$SAME $name" FOUND=yes
	elif as_asked "$@"; then
		owner
		FOUND=yes NOTES="$NOTES$name: kept: flags \"$flags\", $interpreter, $owner$NEWLINE"
	else
		DIFFERENT="$DIFFERENT $1:$name"
	fi
}

# works ROW: whether the entry that was read runs the guest's programs, in every container if that is wanted. sets: why
works() {
	if ! overlap "$magic" "$mask" "$7" "$8"; then
		why='it does not match programs of that CPU'
		return 1
	fi
	case $PERSISTENT:$flags in
	no:* | yes:*F*) tried "$1" ;;
	*) why='the kernel does not hold its emulator (no flag F)' && return 1 ;;
	esac
}

# tried GUEST: what its probe showed. sets: why
tried() {
	why="its emulator does not run: $interpreter"
	case $TRIED in
	yes) listed "$1" "$PASSED" ;;
	*) place_of_interpreter && [ "$place" != missing ] ;;
	esac
}

# replace ROW: with the emulator that is here. Without one, and if all guests were asked for, the entry stays as it is.
replace() {
	if [ "$NEEDS_EMULATOR" = yes ] && ! has_emulator "$2"; then
		no_emulator "$1" "$2"
		return 0
	fi
	TO_REMOVE="$TO_REMOVE $name"
	NOTES="$NOTES$name: replaced: $why$NEWLINE"
	add_guest "$@"
}

# as_asked ROW: whether the entry has what the caller asked for by name.
as_asked() {
	[ "$WANT_PATH" = no ] || [ "$interpreter" = "$QEMU_PATH/$OURS$2$SUFFIX" ] || return 1
	has_flag F "$WANT_F" && has_flag C "$WANT_C" && has_flag P "$WANT_P"
}

# has_flag FLAG ANSWER
has_flag() {
	case $2:$flags in
	: | :* | yes:*"$1"*) ;;
	yes:* | no:*"$1"*) return 1 ;;
	esac
}

# differences: shows three of them, and fails.
differences() {
	count=0
	# shellcheck disable=SC2086 # pairs of guest and entry
	set -- $DIFFERENT
	for pair; do
		count=$((count + 1)) PENDING="$PENDING${pair%%:*} "
	done
	shown=0
	table show_difference
	[ "$count" -le 3 ] || say "... and $((count - 3)) more"
	list_of=''
	for pair; do
		list_of="$list_of ${pair#*:}"
	done
	fail ENTRY_DIFFERS "already registered with other settings:$list_of"
}

# show_difference ROW: an entry as it is, and as it was asked for; the patterns only where they differ.
show_difference() {
	is_next "$1" && [ "$shown" -lt 3 ] || return 0
	shown=$((shown + 1))
	if is_there "$1"; then
		read_entry "$OURS$1"
	else
		claimed "$@"
	fi
	title=$name
	in_words
	existing=$words existing_pattern=$pattern
	fields "$OURS$1/enabled/$FLAGS_SHOWN/0/$7/$8//$QEMU_PATH/$OURS$2$SUFFIX"
	in_words
	[ "$pattern" = "$existing_pattern" ] || existing="$existing, $existing_pattern" words="$words, $pattern"
	say "$title: existing:  $existing"
	say "$title: requested: $words"
}

# in_words: the entry that was read, for a message. sets: words pattern
in_words() {
	words="$state, $interpreter, flags \"$flags\"" pattern="offset $offset, magic $magic, mask $mask"
}
