# What is registered, as a table and as JSON.

# json_text TEXT: the text as a JSON string. sets: text
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

# sets: comma
begin_list() {
	comma=''
	out '  "%s": [' "$1"
}

# sets: comma
list_item() {
	json_text "$1"
	out '%s\n    %s' "$comma" "$text"
	comma=,
}

end_list() {
	out '%s]' "${comma:+$NEWLINE  }"
}

# enabled: adds the name of an entry that is switched on to ENABLED if it is QEMU's, and to HELD_OPEN or NOT_HELD.
enabled() {
	case $state:$name in
	disabled:* | *[[:space:]]*) return 0 ;;
	*:"$OURS"*) ENABLED="$ENABLED $name" ;;
	*) return 0 ;;
	esac
	case $flags in
	*F*) HELD_OPEN="$HELD_OPEN $name" ;;
	*) NOT_HELD="$NOT_HELD ${name#"$OURS"}" ;;
	esac
}

# read_enabled: sets ENABLED, HELD_OPEN, NOT_HELD and CLAIMANTS.
read_enabled() {
	look
	ENABLED='' HELD_OPEN='' NOT_HELD=''
	each_entry enabled
	claimants
}

enabled_item() {
	[ "$state" = disabled ] || list_item "$name"
}

# supported: sets SUPPORTED, the platforms whose programs run here and in other containers. The probes of those that have
# an entry with flag F, or that the CPU may run itself, are run; where no file can be run, the entries are believed, and
# that is said.
supported() {
	PLATFORM_GUESTS='' SUPPORTED=''
	table platform_guest
	# shellcheck disable=SC2086 # a list of guests
	run_probes $PLATFORM_GUESTS || believe_entries
	table host_platforms
	table guest_platforms
}

believe_entries() {
	PASSED=$HELD_OPEN
	say 'No room for probes (see VERIFY_NO_ROOM): every platform with a held entry counts as supported.'
}

platform_guest() {
	[ -n "$4" ] || return 0
	if listed "$OURS$1" "$ENABLED"; then
		listed "$OURS$1" "$HELD_OPEN" || return 0
	elif claimed "$@"; then
		[ "$flags" != "${flags#*F}" ] || return 0
	elif [ "$3" != "$FAMILY" ]; then
		return 0
	fi
	PLATFORM_GUESTS="$PLATFORM_GUESTS $1"
}

host_platforms() {
	[ "$1" != "$HOST" ] || SUPPORTED="$SUPPORTED $4"
}

guest_platforms() {
	[ "$1" != "$HOST" ] || return 0
	! listed "$1" "$PASSED" && ! listed "$OURS$1" "$PASSED" || SUPPORTED="$SUPPORTED $4"
}

# platforms_json: the two lists that tonistiigi/binfmt prints and scripts parse. The object stays open.
platforms_json() {
	mounted
	know_host
	read_enabled
	supported
	out '{\n'
	json_list supported "$SUPPORTED"
	out ',\n'
	begin_list emulators
	each_entry enabled_item
	end_list
}

# place_of_interpreter: where the emulator of the entry that was read is: found, missing or held. sets: place
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

# version_of FILE: QEMU's version, as an emulator prints it: "qemu-arm version 11.1.3 (Debian ...)". sets: version
version_of() {
	said=$("$1" --version 2>/dev/null) version=''
	case $said in
	qemu-*' version '*) version=${said#*version } && version=${version%%[!0-9.]*} ;;
	esac
}

# read_versions: sets VERSIONS, each guest whose emulator is here and its version: those of a host may be of several.
read_versions() {
	VERSIONS=''
	table guest_version
}

guest_version() {
	has_emulator "$2" || return 0
	version_of "$EMULATORS/$OURS$2$SUFFIX"
	[ -z "$version" ] || VERSIONS="$VERSIONS $1=$version"
}

# each_version COMMAND: calls it with each version and its guests.
each_version() {
	while [ -n "$VERSIONS" ]; do
		version=${VERSIONS##*=} guests='' rest=''
		for pair in $VERSIONS; do
			case $pair in
			*="$version") guests="$guests ${pair%=*}" ;;
			*) rest="$rest $pair" ;;
			esac
		done
		VERSIONS=$rest
		"$1" "$version" "$guests"
	done
}

version_row() {
	out 'QEMU %s in %s:%s\n' "$1" "${EMULATORS:-/}" "$2"
}

versions_json() {
	comma=''
	out '  "versions": {'
	for pair in $VERSIONS; do
		out '%s\n    "%s": "%s"' "$comma" "${pair%=*}" "${pair#*=}"
		comma=,
	done
	out '%s}' "${comma:+$NEWLINE  }"
}

platforms() {
	platforms_json
	out '\n}\n'
}

# switch: whether binfmt_misc as a whole is on: enabled or disabled. sets: switched
switch() {
	read -r switched <"$MOUNT/status"
}

status() {
	mounted
	switch
	read_versions
	if [ "$JSON" = yes ]; then
		platforms_json
		json_text "$MOUNT"
		out ',\n  "mount": %s,\n' "$text"
		json_text "$switched"
		out '  "status": %s,\n' "$text"
		begin_list entries
		each_entry entry_json
		end_list
		out ',\n'
		versions_json
		out '\n}\n'
	else
		look
		[ "$switched" = enabled ] || out 'binfmt_misc is switched off: no entry works until "echo 1 >%s/status"\n' "$MOUNT"
		if [ "$SEEN" = "$NEWLINE" ]; then
			out 'no entries on %s\n' "$MOUNT"
		else
			out '%-26s %-9s %-6s %-8s %s\n' ENTRY STATE FLAGS PLACE INTERPRETER
			each_entry entry_row
		fi
		each_version version_row
	fi
}
