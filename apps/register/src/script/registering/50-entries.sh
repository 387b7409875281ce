# Entries of binfmt_misc. https://docs.kernel.org/admin-guide/binfmt-misc.html

# write_line LINE: one write(2), as the kernel wants it.
write_line() {
	{ printf '%s\n' "$1" >"$MOUNT/register"; } 2>/dev/null
}

# write_entry NAME WORD: 1 and 0 switch an entry on and off, -1 removes it. Entries of others are never touched.
write_entry() {
	case $1 in
	qemu-*) { echo "$2" >"$MOUNT/$1"; } 2>/dev/null ;;
	*) return 1 ;;
	esac
}

# why_refused LINE [FILE]: sets `why`, the kernel's reason. dash has no words for it, so that a program must ask again.
why_refused() {
	why=$(printf '%s\n' "$1" | dd bs=4096 of="${2:-$MOUNT/register}" 2>&1) && why=''
	why=${why%%"$NEWLINE"*} why=${why##*: }
}

# wanted ROW: sets `line`, what registers a guest, and `interpreter`.
wanted() {
	interpreter=$QEMU_PATH/qemu-$2$SUFFIX
	line=":qemu-$1:M::$5:$6:$interpreter:$FLAGS"
}

# names PATTERN: sets ENTRIES, the names that fit. This program's own helpers are none, and names with a space, or that
# look like options, were made by no packager and are passed over.
names() {
	ENTRIES=''
	set +f
	for entry in "$MOUNT"/$1; do
		case ${entry##*/} in
		"$1" | register | status | qemu-register-* | -* | *[[:space:]]*) ;;
		*) ENTRIES="$ENTRIES ${entry##*/}" ;;
		esac
	done
	set -f
}

# look: sets SEEN, a record on a line of its own for each of ENTRIES:
#   name|state|interpreter|flags|offset|magic|mask|extension
# head reads all of them in one process, and puts their names between; `read` makes four system calls a byte in busybox.
look() {
	SEEN=$NEWLINE name=''
	# shellcheck disable=SC2086 # a list of files
	lines=$(cd "$MOUNT" && head -n 9 /dev/null $ENTRIES 2>/dev/null)
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
	[ -z "$name" ] || [ "$name" = /dev/null ] || SEEN="$SEEN$name|$state|$interpreter|$flags|$offset|$magic|$mask|$extension$NEWLINE"
}

# each_entry COMMAND...: calls it for every entry that was seen, with the entry's fields set.
each_entry() {
	IFS=$NEWLINE
	for record in $SEEN; do
		fields "$record"
		"$@"
	done
	IFS=$WHITESPACE
}

fields() {
	IFS='|'
	# shellcheck disable=SC2086 # split at the bars
	set -- $1
	IFS=$WHITESPACE
	name=$1 state=$2 interpreter=$3 flags=$4 offset=$5 magic=$6 mask=$7 extension=${8:-}
}

# just_so ROW: whether a guest's entry was seen exactly as it is wanted; sets `record`, what it would be.
just_so() {
	record="qemu-$1|enabled|$QEMU_PATH/qemu-$2$SUFFIX|$FLAGS_SHOWN|0|$7|$8|"
	case $SEEN in
	*"$NEWLINE$record$NEWLINE"*) return 0 ;;
	*) return 1 ;;
	esac
}

# entry_line: sets `line`, what registers the entry again whose fields are set.
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

# escaped HEX: sets `escapes`, \x7f\x45 of 7f45. The kernel takes bytes escaped and shows them bare.
escaped() {
	hex=$1 escapes=''
	while [ -n "$hex" ]; do
		escapes=$escapes'\x'${hex%"${hex#??}"} hex=${hex#??}
	done
}
