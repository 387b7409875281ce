# Which guests are meant. The commands given to `table` and `each_chosen` get a row's words:
#   name emulator family platforms magic mask, and once more magic mask as the kernel shows them

# guest_named NAME: sets `guest`, `emulator` and `family` by any name a guest has (aarch64, linux/arm64/v8, qemu-aarch64).
guest_named() {
	name=${1#linux/} name=${name#qemu-}
	alias_of "${name%-static}" || alias_of "${name%/v[0-9]*}" || guest=''
}

# known_guest NAME: the same, where a name that means nothing is an error. `all` is understood where names are.
known_guest() {
	guest_named "$1"
	[ -z "$guest" ] || return 0
	# shellcheck disable=SC2086 # a list of words
	nearest "$1" $NAMES all
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

# know_host: sets KERNEL, its release, and HOST and FAMILY, the machine's CPU. uname is asked where the kernel does not
# say it without a process (before Linux 6.1).
know_host() {
	read -r KERNEL </proc/sys/kernel/osrelease
	machine=${HOST_ARCH:-}
	[ -n "$machine" ] || { read -r machine </proc/sys/kernel/arch; } 2>/dev/null || machine=$(uname -m)
	guest_named "$machine"
	[ -n "$guest" ] || fail HOST_UNKNOWN "the CPU of this machine, \"$machine\", is not in the table"
	HOST=$emulator FAMILY=$family
}

# know_own: sets OWN, the CPU this shell was built for, by the ELF header of a program beside it. A 32-bit image on a
# 64-bit kernel is not what the kernel says, and an entry for it would run its emulator by itself.
know_own() {
	OWN=''
	# shellcheck disable=SC2046 # twenty bytes, one word each
	set -- $(od -A n -t x1 -N 20 /proc/self/exe 2>/dev/null)
	[ $# -eq 20 ] || fail PROGRAM_MISSING 'od does not tell the CPU of this shell'
	own_key="$5$6${19}${20}"
	table own_row
}

own_row() {
	cpu_key "$7"
	[ "$key" != "$own_key" ] || OWN=$2
}

# of_this_machine: an image of another CPU runs only where its emulator is registered, and must not replace that by one
# that needs it.
of_this_machine() {
	[ -n "$ENTRIES" ] && [ -z "${HOST_ARCH:-}" ] || return 0
	know_own
	! emulated || fail IMAGE_FOREIGN "this program is of $OWN, and runs on an emulator"
}

# emulated: whether this very program is. Before Linux 6.1 the kernel's word for its CPU comes through the emulator: then
# there is an entry for what it says to be its own.
emulated() {
	guest_named "$OWN"
	[ "$family" != "$FAMILY" ] || listed "qemu-$HOST" "$ENTRIES"
}

# cpu_key HEX: sets `key`, what of an ELF header tells CPUs apart: class, byte order, e_machine.
cpu_key() {
	key=${1#????????}
	machine=${key#????????????????????????????}
	key=${key%"${key#????}"}${machine%"${machine#????}"}
}

# each_chosen COMMAND: calls it with the row of every guest that is meant. One that was asked for by name and cannot be
# had is an error.
each_chosen() {
	EACH=$1 FOUND=no NAMED='' OWN=''
	each_of "$INSTALL" name_guest
	! listed all "$NAMED" || NAMED=''
	[ "$CPU" = ALL ] || NAMED="$NAMED $CPU"
	[ "$WRITE" != kernel ] || [ "${HOST_ARCH:-}$IGNORE_FAMILY" = no ] || know_own
	table choose
	[ "$FOUND" = yes ] || [ -n "$NAMED" ] || fail INTERPRETERS_NONE "no interpreter qemu-*$SUFFIX in ${EMULATORS:-/}"
}

name_guest() {
	guest=all
	[ "$1" = all ] || known_guest "$1"
	NAMED="$NAMED $guest"
}

choose() {
	[ -z "$NAMED" ] || listed "$1" "$NAMED" || return 0
	case $2:$3:$IGNORE_FAMILY in
	"$HOST":*) pass_over "$1" GUEST_IS_HOST "$1 is this machine's own CPU: its programs run without an emulator" && return 0 ;;
	"$OWN":*) say "$1 is left out: this very program is of that CPU, and could not start any more" && return 0 ;;
	*:"$FAMILY":no)
		! of_host "$1" || { pass_over "$1" GUEST_IS_HOST "$1 is of this machine's family ($HOST)" && return 0; }
		;;
	esac
	if [ "$NEEDS_EMULATOR" = no ] || [ -f "$EMULATORS/qemu-$2$SUFFIX" ]; then
		FOUND=yes
		"$EACH" "$@"
	else
		pass_over "$1" INTERPRETER_MISSING "no interpreter for $1: $EMULATORS/qemu-$2$SUFFIX"
	fi
}

# of_host GUEST: whether the family's rule holds. --install asks the CPU itself: not every 64-bit Arm runs 32-bit
# programs. A guest named to it is registered in any case.
of_host() {
	[ -n "$INSTALL" ] || return 0
	[ -z "$NAMED" ] && [ ! -e "$MOUNT/qemu-$1" ] && runs "$1"
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
