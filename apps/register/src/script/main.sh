usage() {
	printf '%s\n' 'Usage: register [--reset] [--help] [-p yes|no] [-c yes|no] [-g yes|no] [-i yes|no]
                [--qemu-path PATH] [--qemu-suffix SUFFIX]'
}

fail() {
	printf '%s\n' "$1" >&2
	exit "${2:-1}"
}

parse() {
	while [ $# -gt 0 ]; do
		option=$1
		shift
		case $option in
		--*=*)
			set -- "${option#*=}" "$@"
			option=${option%%=*}
			;;
		-[!-]?*)
			set -- "${option#-?}" "$@"
			option=${option%"${option#-?}"}
			;;
		esac
		case $option in
		--reset) RESET=yes ; continue ;;
		-h | --help) usage ; exit 0 ;;
		-p | --persistent | -c | --credential | -g | --preserve-argv0 | -i | --ignore-family | -Q | --qemu-path | -F | --qemu-suffix) ;;
		*) fail "unknown option $option" 2 ;;
		esac
		[ $# -gt 0 ] || fail "$option needs a value" 2
		case $option in
		-p | --persistent) PERSISTENT=$1 ;;
		-c | --credential) CREDENTIAL=$1 ;;
		-g | --preserve-argv0) PRESERVE=$1 ;;
		-i | --ignore-family) IGNORE_FAMILY=$1 ;;
		-Q | --qemu-path) BIN=$1 ;;
		-F | --qemu-suffix) SUFFIX=$1 ;;
		esac
		shift
	done
}

family_of_host() {
	[ "$1" = "$cpu" ] && host_family=$3
}

select_guest() {
	[ "$2" = "$cpu" ] && return
	[ "$3" = "$host_family" ] && [ "$IGNORE_FAMILY" != yes ] && return
	[ "$PERSISTENT" = yes ] && [ ! -x "$BIN/qemu-$2$SUFFIX" ] && return
	count=$((count + 1))
	"$action" "$@"
}

check_guest() {
	if [ -e "$MOUNT/qemu-$1" ] && [ "$RESET" != yes ]; then
		fail "qemu-$1 is registered already; --reset removes it first"
	fi
}

add_guest() {
	printf 'Setting %s as binfmt interpreter for %s\n' "$BIN/qemu-$2$SUFFIX" "$1"
	printf '%s\n' ":qemu-$1:M::$4:$5:$BIN/qemu-$2$SUFFIX:$FLAGS" >"$MOUNT/register" || fail "cannot register qemu-$1"
}

RESET=no PERSISTENT=no CREDENTIAL=no PRESERVE=no IGNORE_FAMILY=no
BIN=${QEMU_BIN_DIR:-/usr/bin} SUFFIX=-static
parse "$@"

FLAGS=
[ "$CREDENTIAL" = yes ] && FLAGS=OC
[ "$PERSISTENT" = yes ] && FLAGS=${FLAGS}F
[ "$PRESERVE" = yes ] && FLAGS=${FLAGS}P

MOUNT=${PROC_PREFIX:-}/proc/sys/fs/binfmt_misc
[ -e /binfmt_misc/register ] && MOUNT=/binfmt_misc
[ -e "$MOUNT/register" ] || mount -t binfmt_misc binfmt_misc "$MOUNT" || fail "binfmt_misc is not mounted on $MOUNT"

cpu_of "${HOST_ARCH:-$(uname -m)}"
host_family=
table family_of_host
[ -n "$host_family" ] || fail "unknown host CPU ${HOST_ARCH:-$(uname -m)}"

count=0 action=check_guest
table select_guest
[ "$count" -gt 0 ] || fail "no interpreter in $BIN: use an image that has them, or leave out -p yes"

if [ "$RESET" = yes ]; then
	for entry in "$MOUNT"/qemu-*; do
		[ -e "$entry" ] && echo -1 >"$entry"
	done
fi
count=0 action=add_guest
table select_guest
