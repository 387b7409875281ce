# Proof: a program of each registered guest is run through the kernel.

verify() {
	mounted
	names
	read_enabled
	table registered_guest
	[ -n "$SWITCHED_ON$SWITCHED_OFF" ] || fail VERIFY_NONE "no guest is registered on $MOUNT"
	# shellcheck disable=SC2086 # a list of guests
	run_probes $SWITCHED_ON || fail VERIFY_NO_ROOM 'no folder here takes files that can be run'
	FAILED=$FAILED$SWITCHED_OFF
	if [ "$JSON" = yes ]; then
		out '{\n'
		json_list verified "$PASSED"
		out ',\n  "failed": {'
		comma=''
		each_failure failure_json
		out '%s}\n}\n' "${comma:+$NEWLINE  }"
	else
		for guest in $PASSED; do
			out '%-14s ok\n' "$guest"
		done
		each_failure failure_row
	fi
	[ -z "$NOT_HELD" ] || say "Warning: without flag F, programs of these guests run only where a container has the emulator itself, as this one does:$NOT_HELD"
	say "$PASSES of $((PASSES + FAILURES)) guests verified"
	[ "$FAILURES" -eq 0 ] || fail VERIFY_FAILED "not emulated:$BROKEN"
}

registered_guest() {
	if listed "$OURS$1" "$ENABLED"; then
		SWITCHED_ON="$SWITCHED_ON $1"
	elif listed "$OURS$1" "$ENTRIES"; then
		SWITCHED_OFF="$SWITCHED_OFF$1 was not run$NEWLINE"
	fi
}

# each_failure COMMAND: calls it with guest and reason.
each_failure() {
	IFS=$NEWLINE
	for failure in $FAILED; do
		IFS=$WHITESPACE
		BROKEN="$BROKEN ${failure%% *}" FAILURES=$((FAILURES + 1))
		each_entry describe_entry "$OURS${failure%% *}"
		"$1" "${failure%% *}" "${failure#* }; $entry_text"
	done
	IFS=$WHITESPACE
}

# sets: entry_text
describe_entry() {
	[ "$name" = "$1" ] || return 0
	place_of_interpreter
	entry_text="the entry is $state, its interpreter $interpreter $place"
}

failure_row() {
	out '%-14s FAILED: %s\n' "$1" "$2"
}

failure_json() {
	json_text "$2"
	out '%s\n    "%s": %s' "$comma" "$1" "$text"
	comma=,
}
