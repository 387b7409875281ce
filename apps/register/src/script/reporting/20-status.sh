# What is registered, as a table and as JSON.

# json_text TEXT: sets `text`, quoted.
json_text() {
	rest=$1 text=''
	while [ -n "$rest" ]; do
		letter=${rest%"${rest#?}"} rest=${rest#?}
		case $letter in
		[\\\"]) text=$text\\$letter ;;
		[[:cntrl:]]) text=$text$(printf '\\u%04x' "'$letter") ;;
		*) text=$text$letter ;;
		esac
	done
	text=\"$text\"
}

# json_list NAME WORDS: one field, a list of strings.
json_list() {
	begin_list "$1"
	for item in $2; do
		list_item "$item"
	done
	end_list
}

begin_list() {
	comma=''
	out '  "%s": [' "$1"
}

list_item() {
	json_text "$1"
	out '%s\n    %s' "$comma" "$text"
	comma=,
}

end_list() {
	out '%s]' "${comma:+$NEWLINE  }"
}

# enabled: adds an entry of QEMU's to ENABLED if it is switched on.
enabled() {
	case $state:$name in
	disabled:* | *[[:space:]]*) ;;
	*:qemu-*) ENABLED="$ENABLED $name" ;;
	esac
}

enabled_item() {
	[ "$state" = disabled ] || list_item "$name"
}

# supported: sets SUPPORTED, the platforms whose programs run here. The probes of those that have an entry, or that the
# CPU may run itself, are run; where no file can be made to be run, the entries are believed, and it is said.
supported() {
	PLATFORM_GUESTS='' SUPPORTED=''
	table platform_guest
	# shellcheck disable=SC2086 # a list of guests
	run_probes $PLATFORM_GUESTS || believe_entries
	table host_platforms
	table guest_platforms
}

believe_entries() {
	PASSED=$ENABLED
	say 'No room for probes (see VERIFY_NO_ROOM): every platform with an entry counts as supported.'
}

platform_guest() {
	[ -n "$4" ] || return 0
	[ "$3" != "$FAMILY" ] && ! listed "qemu-$1" "$ENABLED" || PLATFORM_GUESTS="$PLATFORM_GUESTS $1"
}

host_platforms() {
	[ "$1" != "$HOST" ] || SUPPORTED="$SUPPORTED $4"
}

guest_platforms() {
	[ "$1" != "$HOST" ] || return 0
	! listed "$1" "$PASSED" && ! listed "qemu-$1" "$PASSED" || SUPPORTED="$SUPPORTED $4"
}

# platforms_json: the two lists that tonistiigi/binfmt prints and scripts parse. The object stays open.
platforms_json() {
	know_host
	look '*'
	ENABLED=''
	each_entry enabled
	supported
	out '{\n'
	json_list supported "$SUPPORTED"
	out ',\n'
	begin_list emulators
	each_entry enabled_item
	end_list
}

# place_of_interpreter: sets `place`, in a word, for the entry that was read.
place_of_interpreter() {
	place=missing
	[ ! -f "$interpreter" ] || place=found
	case $flags in
	*F*) place=held ;;
	esac
}

entry_json() {
	place_of_interpreter
	json_text "$name"
	out '%s\n    { "name": %s, "state": "%s", "flags": "%s", ' "$comma" "$text" "$state" "$flags"
	json_text "$interpreter"
	out '"interpreter": %s, "place": "%s" }' "$text" "$place"
	comma=,
}

entry_row() {
	place_of_interpreter
	out '%-26s %-9s %-6s %-8s %s\n' "$name" "$state" "${flags:--}" "$place" "$interpreter"
}

platforms() {
	platforms_json
	out '\n}\n'
}

status() {
	mounted
	if [ "$JSON" = yes ]; then
		platforms_json
		json_text "$MOUNT"
		out ',\n  "mount": %s,\n' "$text"
		begin_list entries
		each_entry entry_json
		end_list
		out '\n}\n'
	else
		look '*'
		out '%-26s %-9s %-6s %-8s %s\n' ENTRY STATE FLAGS PLACE INTERPRETER
		each_entry entry_row
	fi
}
