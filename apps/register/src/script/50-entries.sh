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

# why_refused LINE: sets `why`, the kernel's reason. dash has no words for it, so that a program must ask again.
why_refused() {
	why=$(printf '%s\n' "$1" | dd bs=4096 of="$MOUNT/register" 2>&1) && why=''
	why=${why%%"$NEWLINE"*} why=${why##*: }
}

# look PATTERN: sets SEEN, a record on a line of its own for each entry whose name fits, and ENTRIES, the names:
#   name|state|interpreter|flags|offset|magic|mask|extension
# grep reads all of them in one process; `read` makes four system calls a byte in busybox.
look() {
	SEEN=$NEWLINE ENTRIES='' name=''
	set +f
	# shellcheck disable=SC2086 # a pattern
	lines=$(cd "$MOUNT" && grep -s '' /dev/null $1)
	set -f
	IFS=$NEWLINE
	for line in $lines; do
		text=${line#*:}
		case $text in
		enabled | disabled)
			see
			name=${line%%:*} state=$text interpreter='' flags='' offset='' magic='' mask='' extension=''
			;;
		'interpreter '*) interpreter=${text#* } ;;
		'flags: '*) flags=${text#* } ;;
		'offset '*) offset=${text#* } ;;
		'magic '*) magic=${text#* } ;;
		'mask '*) mask=${text#* } ;;
		'extension '*) extension=${text#* .} ;;
		esac
	done
	see
	IFS=$WHITESPACE
}

# see: adds the entry to what `look` saw. A name with a space was made by no packager and is passed over.
see() {
	case $name in
	'' | register | status | "$LOCK" | *[[:space:]]*) ;;
	*)
		SEEN="$SEEN$name|$state|$interpreter|$flags|$offset|$magic|$mask|$extension$NEWLINE"
		ENTRIES="$ENTRIES $name"
		;;
	esac
}

# each_entry COMMAND...: calls it for every entry that `look` saw, with the entry's fields set.
each_entry() {
	IFS=$NEWLINE
	for record in $SEEN; do
		fields "$record"
		"$@"
	done
	IFS=$WHITESPACE
}

# fields RECORD: sets the entry's fields.
fields() {
	IFS='|'
	# shellcheck disable=SC2086 # split at the bars
	set -- $1
	IFS=$WHITESPACE
	name=$1 state=$2 interpreter=$3 flags=$4 offset=$5 magic=$6 mask=$7 extension=${8:-}
}

# registered NAME: whether `look` saw it. just_so RECORD: whether it saw exactly this.
registered() {
	case $SEEN in
	*"$NEWLINE$1|"*) return 0 ;;
	*) return 1 ;;
	esac
}

just_so() {
	case $SEEN in
	*"$NEWLINE$1$NEWLINE"*) return 0 ;;
	*) return 1 ;;
	esac
}

# wanted ROW: sets `line`, what registers a guest, and `wanted`, the record of it then.
wanted() {
	interpreter=$QEMU_PATH/qemu-$2$SUFFIX
	line=":qemu-$1:M::$4:$5:$interpreter:$FLAGS"
	bare_hex "$4"
	wanted="qemu-$1|enabled|$interpreter|$FLAGS_SHOWN|0|$hex"
	bare_hex "$5"
	wanted="$wanted|$hex|"
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

# bare_hex ESCAPED: sets `hex`, 7f45 of \x7f\x45. The kernel takes bytes escaped and shows them bare.
bare_hex() {
	# shellcheck disable=SC2141,SC2086 # split at backslashes and at x
	IFS='\x' && set -- $1
	IFS=''
	hex=$*
	IFS=$WHITESPACE
}

# escaped HEX: sets `escapes`, the way back.
escaped() {
	hex=$1 escapes=''
	while [ -n "$hex" ]; do
		escapes=$escapes'\x'${hex%"${hex#??}"} hex=${hex#??}
	done
}

# cpu_key HEX: sets `key`, what of an ELF header tells CPUs apart: class, byte order, e_machine.
cpu_key() {
	key=${1#????????}
	machine=${key#????????????????????????????}
	key=${key%"${key#????}"}${machine%"${machine#????}"}
}
