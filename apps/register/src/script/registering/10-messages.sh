# Messages. Results go to stdout, everything else to stderr.

# printable TEXT: the text with every control character in octal: names and paths in the kernel's table can have any. Line
# ends stay. sets: printable
printable() {
	printable=$1
	case $1 in
	*[!\ -~"$NEWLINE"]*) ;;
	*) return 0 ;;
	esac
	rest=$1 printable='' second_set=$(printf '\302') # what UTF-8 begins the second set of control signs with
	while [ -n "$rest" ]; do
		letter=${rest%"${rest#?}"} rest=${rest#?}
		case $letter in
		"$NEWLINE") ;;
		[[:cntrl:]]) letter=$(printf '\\%03o' "'$letter") ;;
		"$second_set") letter='\302' ;;
		esac
		printable=$printable$letter
	done
}

say() {
	printable "$*"
	printf '%s\n' "$printable" >&2
}

# out FORMAT WORD...: a result. One that cannot be written is remembered for `succeed`.
out() {
	format=$1
	shift
	for word; do
		printable "$word"
		set -- "$@" "$printable"
		shift
	done
	# shellcheck disable=SC2059 # a format is meant
	printf "$format" "$@" || OUTPUT_LOST=yes
}

# complain CODE MESSAGE [REMEDY]: what went wrong and what to do about it, in one line: the last line of stderr is all
# that docker/setup-qemu-action shows.
complain() {
	remedy_of "$1"
	say "$1: $2; remedy: ${3:-$remedy}"
}

# end STATUS: ends the call. Signals are ignored before `finish` begins: one at its start would end it with nothing put back.
end() {
	trap '' INT TERM HUP PIPE
	exit "$1"
}

# fail CODE MESSAGE [REMEDY]: ends the call. `finish` puts back what was changed, and reports the error after that.
fail() {
	FAIL_CODE=$1 FAIL_TEXT=$2 FAIL_REMEDY=${3:-}
	end 1
}

# misuse: the same for a command line that makes no sense.
misuse() {
	FAIL_CODE=$1 FAIL_TEXT=$2 FAIL_REMEDY=${3:-}
	end 2
}

# listed WORD LIST: whether WORD is one of LIST's words.
listed() {
	case " $2 " in
	*" $1 "*) ;;
	*) return 1 ;;
	esac
}

# small_letters TEXT: no process is started where there is nothing to change. sets: small
small_letters() {
	small=$1
	case $1 in
	*[ABCDEFGHIJKLMNOPQRSTUVWXYZ]*) small=$(printf '%s' "$1" | tr '[:upper:]' '[:lower:]') ;;
	esac
}

# distance A B: 2 for each letter to add, remove or change to turn A into B, and 1 for two neighbours to swap, which is
# the likeliest slip. sets: distance
distance() {
	word=$1 goal=$2 rest=$2 row=0 width=0 line=0 last=''
	while [ -n "$rest" ]; do
		width=$((width + 2)) rest=${rest#?}
		row="$row $width"
	done
	earlier=$row
	while [ -n "$word" ]; do
		letter=${word%"${word#?}"} word=${word#?} line=$((line + 2))
		# shellcheck disable=SC2086 # numbers
		next_row $earlier
		earlier=$row row=$next last=$letter
	done
	distance=${row##* }
}

# next_row EARLIER...: the distances of all beginnings of B from A up to `letter`. `row` has them for A without
# that letter, EARLIER without `last` too: its first is always what stands two places to the left. sets: next
next_row() {
	next=$line left=$line rest=$goal diagonal='' before=''
	for above in $row; do
		if [ -n "$diagonal" ]; then
			other=${rest%"${rest#?}"} rest=${rest#?}
			[ "$letter" = "$other" ] || diagonal=$((diagonal + 2))
			left=$((left + 2))
			[ $((above + 2)) -ge "$left" ] || left=$((above + 2))
			[ "$diagonal" -ge "$left" ] || left=$diagonal
			if [ -n "$before" ]; then
				[ "$letter$last" != "$before$other" ] || [ "$1" -ge "$left" ] || left=$(($1 + 1))
				shift
			fi
			next="$next $left" before=$other
		fi
		diagonal=$above
	done
}

# nearest WORD CANDIDATE...: the candidate that WORD is probably a slip of, or nothing. The first is taken
# of several that are as near. sets: nearest
nearest() {
	small_letters "$1"
	slip=$small nearest='' limit=$((2 * (${#1} / 3)))
	[ "$limit" -ge 2 ] || limit=2
	shift
	for candidate; do
		longer=$((${#candidate} - ${#slip}))
		[ $((${longer#-} * 2)) -le "$limit" ] || continue
		distance "$slip" "$candidate"
		[ "$distance" -gt "$limit" ] || { nearest=$candidate && limit=$((distance - 1)); }
	done
}
