# Which guests were asked for. The commands given to `table` and `each_chosen` get a row's words:
#   name emulator family platforms magic mask, and once more magic mask as the kernel shows them

# guest_named NAME: finds a guest by any name it has (aarch64, linux/arm64/v8, qemu-aarch64), in any case. A variant only
# says which CPU of an architecture is needed. sets: guest emulator family
guest_named() {
	small_letters "$1"
	name=${small#linux/} name=${name#qemu-} name=${name%-static}
	! alias_of "$name" || return 0
	guest=''
	case $name in
	*/ | */*[!a-z0-9_.-]*) ;;
	*/*) alias_of "${name%/*}" ;;
	esac
}

# known_guest NAME: the same, where a name that means nothing is an error. `all` is understood where names are.
known_guest() {
	guest_named "$1"
	[ -z "$guest" ] || return 0
	# shellcheck disable=SC2086 # a list of words
	nearest "$1" $NAMES all
	misuse GUEST_UNKNOWN "unknown guest \"$1\"" "${nearest:+Did you mean $nearest?}"
}

# of_other_system NAME: whether it is the platform of another operating system, such as windows(10.0.1)/amd64. `small`
# is the name in small letters.
of_other_system() {
	system=${small%%/*}
	case $small in
	*/*[!a-z0-9_./-]*) return 1 ;;
	*/?*) other_system "${system%%\(*}" && say "$1: skipped: not a Linux platform" ;;
	*) return 1 ;;
	esac
}

# each_of LIST COMMAND...: calls the command with every word of a list that commas separate, white space around them removed.
each_of() {
	list=$1,
	shift
	while [ -n "$list" ]; do
		item=${list%%,*} list=${list#*,}
		item=${item#"${item%%[![:space:]]*}"} item=${item%"${item##*[![:space:]]}"}
		[ -z "$item" ] || "$@" "$item"
	done
}

# know_kernel: sets KERNEL.
know_kernel() {
	read -r KERNEL </proc/sys/kernel/osrelease
}

# know_host: sets KERNEL, HOST and FAMILY. uname is asked where the kernel does not say it without a process (before
# Linux 6.1).
know_host() {
	know_kernel
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
	[ $# -eq 20 ] || fail PROGRAM_MISSING 'od does not report the CPU of this shell'
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
	! emulated || fail IMAGE_FOREIGN "this image is for $OWN and runs on an emulator here"
}

# emulated: whether this very program is. Before Linux 6.1 the kernel's word for its CPU comes through the emulator: then
# there is an entry for what it says to be its own.
emulated() {
	guest_named "$OWN"
	[ "$family" != "$FAMILY" ] || listed "qemu-$HOST" "$ENTRIES"
}

# cpu_key HEX: the fields of an ELF header that distinguish CPUs: class, byte order, e_machine. sets: key
cpu_key() {
	key=${1#????????}
	machine=${key#????????????????????????????}
	key=${key%"${key#????}"}${machine%"${machine#????}"}
}

# each_chosen COMMAND: calls it with the row of every guest that was asked for. One that was asked for by name and cannot be
# had is an error.
each_chosen() {
	EACH=$1 FOUND=no NAMED='' OWN='' PASSED_OVER=''
	each_of "$INSTALL" name_guest
	# A list that is empty, or of other systems' platforms alone, asks for no guest.
	[ -z "$INSTALL" ] || [ -n "$NAMED" ] || { FOUND=yes && return 0; }
	! listed all "$NAMED" || NAMED=''
	[ "$CPU" = ALL ] || NAMED="$NAMED $CPU"
	[ "$WRITE" != kernel ] || [ "${HOST_ARCH:-}$IGNORE_FAMILY" = no ] || know_own
	table choose
}

name_guest() {
	small_letters "$1"
	if [ "$small" = all ]; then
		NAMED="$NAMED all"
	elif ! of_other_system "$1"; then
		known_guest "$1"
		NAMED="$NAMED $guest"
	fi
}

choose() {
	[ -z "$NAMED" ] || listed "$1" "$NAMED" || return 0
	case $2:$3:$IGNORE_FAMILY in
	"$HOST":*) pass_over "$1" GUEST_IS_HOST "$1 is this machine's own CPU: its programs run without an emulator" "$2" && return 0 ;;
	"$OWN":*) say "skipping $1: this image itself runs on that CPU" && return 0 ;;
	*:"$FAMILY":no)
		! of_host "$1" || { pass_over "$1" GUEST_IS_HOST "$1 is of this machine's family ($HOST)" "$2" && return 0; }
		;;
	esac
	if [ "$NEEDS_EMULATOR" = no ] || has_emulator "$2"; then
		FOUND=yes
		"$EACH" "$@"
	elif is_there "$1"; then
		"$EACH" "$@"
	else
		no_emulator "$1" "$2"
	fi
}

has_emulator() {
	[ -f "$EMULATORS/$OURS$1$SUFFIX" ]
}

# no_emulator GUEST EMULATOR: `latest` has the emulators of all guests on every host, and a guest's tag is its emulator's name.
no_emulator() {
	pass_over "$1" INTERPRETER_MISSING "no interpreter for $1: $EMULATORS/$OURS$2$SUFFIX" "$2" \
		"Use the image that has it, with the tag $2 or latest, or name its place: --qemu-path /usr/bin --qemu-suffix -static"
}

# is_there GUEST: whether it has an entry that is not to be removed: that may do.
is_there() {
	listed "$OURS$1" "$ENTRIES" && ! listed "$OURS$1" "$TO_REMOVE"
}

# of_host GUEST: whether the family's rule holds. --install asks the CPU itself: not every 64-bit Arm runs 32-bit
# programs. A guest named to it is registered in any case.
of_host() {
	[ -n "$INSTALL" ] || return 0
	[ -z "$NAMED" ] && [ ! -e "$MOUNT/$OURS$1" ] && runs "$1"
}

# pass_over GUEST CODE MESSAGE EMULATOR [REMEDY]: leaves a guest out, which is an error if it was asked for by name.
pass_over() {
	if [ -z "$NAMED" ]; then
		! has_emulator "$4" || PASSED_OVER="$PASSED_OVER $1"
	elif [ -n "$INSTALL" ] && [ "$2" = GUEST_IS_HOST ]; then
		say "$3"
	else
		fail "$2" "$3" "${5:-}"
	fi
}

# some_found: fails where there was no guest to be had.
some_found() {
	[ "$FOUND" = no ] && [ -z "$NAMED" ] || return 0
	[ -z "$PASSED_OVER" ] ||
		fail INTERPRETERS_NONE "every emulator in ${EMULATORS:-/} is for this machine's own family of CPUs ($HOST), which is skipped:$PASSED_OVER" \
			'This machine may run those programs without an emulator. If it does not, add --ignore-family yes; its own CPU is never registered.'
	fail INTERPRETERS_NONE "no interpreter $OURS*$SUFFIX in ${EMULATORS:-/}"
}
