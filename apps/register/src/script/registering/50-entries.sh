# Entries of binfmt_misc. https://docs.kernel.org/admin-guide/binfmt-misc.html

# write_line LINE: one write(2), as the kernel wants it.
write_line() {
	{ printf '%s\n' "$1" >"$MOUNT/register"; } 2>/dev/null
}

# write_entry NAME WORD: 1 and 0 switch an entry on and off, -1 removes it. Entries of others are never touched.
write_entry() {
	case $1 in
	qemu-* | "$OURS"*) { echo "$2" >"$MOUNT/$1"; } 2>/dev/null ;;
	*) return 1 ;;
	esac
}

# why_refused LINE [FILE]: the kernel's reason, or nothing if it accepts the line now. dash has no words for it, so a
# program writes it again. sets: why
why_refused() {
	why=$(printf '%s\n' "$1" | dd bs=4096 of="${2:-$MOUNT/register}" 2>&1) && why=''
	why=${why%%"$NEWLINE"*} why=${why##*: }
}

# wanted ROW: the line that registers a guest. sets: line interpreter
wanted() {
	interpreter=$QEMU_PATH/$OURS$2$SUFFIX
	line=":$OURS$1:M::$5:$6:$interpreter:$FLAGS"
}

# names: sets ENTRIES and OTHERS. This program's own helpers are neither, and names of QEMU's kind with a space were made by
# no packager: only reports show them.
names() {
	ENTRIES='' OTHERS=no
	set +f
	for entry in "$MOUNT"/*; do
		case ${entry##*/} in
		'*' | register | status | qemu-register-*) ;;
		"$OURS"*[[:space:]]*) OTHERS=yes ;;
		"$OURS"*) ENTRIES="$ENTRIES ${entry##*/}" ;;
		*) OTHERS=yes ;;
		esac
	done
	set -f
}

# look: sets SEEN, a record on a line of its own for each entry. A name and an extension have no
# slash, so that slashes part the fields and the interpreter has the rest:
#   name/state/flags/offset/magic/mask/extension/interpreter
# head reads all of them in one process, and puts their names between; `read` makes four system calls a byte in busybox.
look() {
	SEEN=$NEWLINE name=''
	lines=$(cd "$MOUNT" && set +f && head -n 9 -- /dev/null * 2>/dev/null)
	IFS=$NEWLINE
	for line in $lines; do
		case $line in
		'==> '*)
			see
			name=${line#==> } name=${name% <==} state='' interpreter='' flags='' offset='' magic='' mask='' extension=''
			;;
		enabled | disabled) state=$line ;;
		'interpreter '*) interpreter=${line#* } ;;
		'flags: '*) flags=${line#* } ;;
		'offset '*) offset=${line#* } ;;
		'magic '*) magic=${line#* } ;;
		'mask '*) mask=${line#* } ;;
		'extension '*) extension=${line#* .} ;;
		esac
	done
	see
	IFS=$WHITESPACE
}

see() {
	case $name in
	'' | /dev/null | register | status | qemu-register-*) ;;
	*) SEEN="$SEEN$name/$state/$flags/$offset/$magic/$mask/$extension/$interpreter$NEWLINE" ;;
	esac
}

# each_entry COMMAND...: calls it for every entry that was seen, with the entry's fields set.
# sets: record name state flags offset magic mask extension interpreter
each_entry() {
	IFS=$NEWLINE
	for record in $SEEN; do
		fields "$record"
		"$@"
	done
	IFS=$WHITESPACE
}

# sets: name state flags offset magic mask extension interpreter
fields() {
	interpreter=${1#*/*/*/*/*/*/*/}
	IFS=/
	# shellcheck disable=SC2086 # split at the slashes
	set -- ${1%"$interpreter"}
	IFS=$WHITESPACE
	name=$1 state=$2 flags=$3 offset=$4 magic=$5 mask=$6 extension=${7:-}
}

# as_wanted ROW: whether a guest's entry was seen exactly as it is wanted. sets: record
as_wanted() {
	record="$OURS$1/enabled/$FLAGS_SHOWN/0/$7/$8//$QEMU_PATH/$OURS$2$SUFFIX"
	case $SEEN in
	*"$NEWLINE$record$NEWLINE"*) ;;
	*) return 1 ;;
	esac
}

# overlap MAGIC MASK MAGIC MASK: whether a program can match both patterns, which are hex; without a mask, every bit counts.
overlap() {
	case $1:$2$3$4 in
	:* | *[!0-9a-f:]*) return 1 ;;
	esac
	left=$1 left_mask=$2 right=$3 right_mask=$4
	while [ -n "$left" ] && [ -n "$right" ]; do
		byte=${left%"${left#??}"} other=${right%"${right#??}"} bits=${left_mask%"${left_mask#??}"}
		both=${right_mask%"${right_mask#??}"}
		[ $(((0x$byte ^ 0x$other) & 0x${bits:-ff} & 0x${both:-ff})) -eq 0 ] || return 1
		left=${left#??} right=${right#??} left_mask=${left_mask#??} right_mask=${right_mask#??}
	done
}

# claimants: sets CLAIMANTS, of what was seen and is to stay.
claimants() {
	CLAIMANTS=''
	each_entry add_claimant
}

add_claimant() {
	case $state:$offset:$magic in
	enabled:0:7f454c46*) ;;
	*) return 0 ;;
	esac
	! listed "${name#"$OURS"}" "$GUESTS" || [ "$name" = "${name#"$OURS"}" ] || return 0
	listed "$name" "$TO_REMOVE" || CLAIMANTS=$CLAIMANTS$record$NEWLINE
}

# claimed ROW: whether such an entry claims the guest's programs. sets: name state interpreter flags magic mask
claimed() {
	[ -n "$CLAIMANTS" ] || return 1
	IFS=$NEWLINE
	for record in $CLAIMANTS; do
		fields "$record"
		! overlap "$magic" "$mask" "$7" "$8" || return 0
	done
	IFS=$WHITESPACE
	return 1
}

# entry_line: the line that registers the entry again whose fields are set. sets: line
entry_line() {
	if [ -n "$extension" ]; then
		line=":$name:E::$extension::$interpreter:$flags"
	else
		escaped "$magic"
		line=":$name:M:$offset:$escapes"
		escaped "$mask"
		line="$line:$escapes:$interpreter:$flags"
	fi
}

# escaped HEX: \x7f\x45 of 7f45. The kernel takes bytes escaped and shows them bare. sets: escapes
escaped() {
	hex=$1 escapes=''
	while [ -n "$hex" ]; do
		escapes=$escapes'\x'${hex%"${hex#??}"} hex=${hex#??}
	done
}
