# Which guests are meant. Functions given to `table` get a row's words: name emulator family magic mask platforms probe.

# guest_named NAME: sets `guest` to what NAME means in any ecosystem (aarch64, arm64, linux/arm64/v8, qemu-aarch64).
guest_named() {
	name=${1#linux/} name=${name#qemu-}
	alias_of "${name%-static}" || alias_of "${name%/v[0-9]*}" || guest=''
}

# known_guest NAME: the same, where a name that means nothing is an error.
known_guest() {
	guest_named "$1"
	[ -z "$guest" ] || return 0
	# shellcheck disable=SC2086 # two lists of words
	nearest "$1" $GUESTS $PLATFORMS
	misuse GUEST_UNKNOWN "unknown guest \"$1\"" "${nearest:+Did you mean $nearest?}"
}

# each_of LIST COMMAND...: calls the command with every word of a list that commas separate.
each_of() {
	list=$1,
	shift
	while [ -n "$list" ]; do
		item=${list%%,*} list=${list#*,}
		[ -z "$item" ] || "$@" "$item"
	done
}

# know_host: sets HOST, the guest that is this machine's CPU, FAMILY and KERNEL, its release.
know_host() {
	KERNEL=$(uname -rm)
	machine=${HOST_ARCH:-${KERNEL#* }} KERNEL=${KERNEL%% *} HOST='' FAMILY=''
	guest_named "$machine"
	[ -n "$guest" ] || fail HOST_UNKNOWN "the CPU of this machine, \"$machine\", is not in the table"
	table host_row
}

host_row() {
	[ "$1" != "$guest" ] || HOST=$2 FAMILY=$3
}

# know_own: sets OWN, the CPU this shell was built for, by the ELF header of a program beside it. A 32-bit
# image on a 64-bit kernel is not what uname says, and an entry for it would run its emulator by itself.
know_own() {
	# shellcheck disable=SC2046 # twenty bytes, one word each
	set -- $(od -A n -t x1 -N 20 /proc/self/exe)
	own_key="$5$6${19}${20}"
	table own_row
}

own_row() {
	bare_hex "$4"
	cpu_key "$hex"
	[ "$key" != "$own_key" ] || OWN=$2
}

# choose ROW: adds a guest to CHOSEN, or says why not where it was asked for by name.
choose() {
	[ -z "$NAMED" ] || listed "$1" "$NAMED" || return 0
	if [ "$2" = "$HOST" ]; then
		pass_over "$1" GUEST_IS_HOST "$1 is this machine's own CPU: its programs run without an emulator"
	elif [ "$2" = "$OWN" ]; then
		say "$1 is left out: this very program is of that CPU, and could not start any more"
	elif [ "$3" = "$FAMILY" ] && [ "$IGNORE_FAMILY" = no ] && of_host "$@"; then
		pass_over "$1" GUEST_IS_HOST "$1 is of this machine's family ($HOST)"
	elif [ "$NEEDS_EMULATOR" = yes ] && [ ! -f "$EMULATORS/qemu-$2$SUFFIX" ]; then
		pass_over "$1" INTERPRETER_MISSING "no interpreter for $1: $EMULATORS/qemu-$2$SUFFIX"
	else
		CHOSEN="$CHOSEN $1" COUNT=$((COUNT + 1))
	fi
}

# of_host ROW: whether the family's rule holds for a guest. --install asks the CPU itself: not every 64-bit Arm runs
# 32-bit programs. A guest named to it is registered in any case.
of_host() {
	[ -n "$INSTALL" ] || return 0
	[ -z "$NAMED" ] && [ ! -e "$MOUNT/qemu-$1" ] && runs "$@"
}

# pass_over GUEST CODE MESSAGE: leaves a guest out, which is an error if it was asked for by name.
pass_over() {
	[ -n "$NAMED" ] || return 0
	if [ -n "$INSTALL" ] && [ "$2" = GUEST_IS_HOST ]; then
		say "$3"
	else
		fail "$2" "$3"
	fi
}

name_guest() {
	known_guest "$1"
	NAMED="$NAMED $guest"
}

# choose_guests: sets CHOSEN, the guests to register or to write files for, and their COUNT.
choose_guests() {
	NAMED='' CHOSEN='' COUNT=0 OWN=''
	[ "$CPU" = ALL ] || NAMED=$CPU
	[ -z "$INSTALL" ] || [ "$INSTALL" = ,all ] || each_of "$INSTALL" name_guest
	know_host
	[ -z "$UNINSTALL" ] || [ -n "$INSTALL" ] || return 0
	[ "$WRITE" != kernel ] || [ "${HOST_ARCH:-}$IGNORE_FAMILY" = no ] || know_own
	table choose
	[ "$COUNT" -gt 0 ] || [ -n "$NAMED" ] || fail INTERPRETERS_NONE "no interpreter qemu-*$SUFFIX in $EMULATORS"
}
