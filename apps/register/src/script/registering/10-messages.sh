# Messages. Results go to stdout, everything else to stderr.

say() {
	printf '%s\n' "$*" >&2
}

# fail CODE MESSAGE [REMEDY]: what went wrong and what to do about it. `finish` puts back what was changed.
fail() {
	remedy_of "$1"
	say "$1: $2"
	say "  remedy: ${3:-$remedy}"
	exit 1
}

# misuse CODE MESSAGE [REMEDY]: the same for a command line that cannot be meant so.
misuse() {
	remedy_of "$1"
	say "$1: $2"
	say "  remedy: ${3:-$remedy}"
	exit 2
}

# listed WORD LIST: whether WORD is one of LIST's words.
listed() {
	case " $2 " in
	*" $1 "*) return 0 ;;
	*) return 1 ;;
	esac
}

# distance A B: sets `distance`, the letters to put in, take out or change to make B of A (Levenshtein's).
distance() {
	rest=$2 row=0 width=0
	while [ -n "$rest" ]; do
		width=$((width + 1)) rest=${rest#?}
		row="$row $width"
	done
	word=$1 line=0
	while [ -n "$word" ]; do
		letter=${word%"${word#?}"} word=${word#?} rest=$2
		line=$((line + 1)) left=$line diagonal=
		next=$line
		for above in $row; do
			if [ -n "$diagonal" ]; then
				[ "$letter" = "${rest%"${rest#?}"}" ] || diagonal=$((diagonal + 1))
				rest=${rest#?}
				left=$((left + 1))
				[ $((above + 1)) -ge "$left" ] || left=$((above + 1))
				[ "$diagonal" -ge "$left" ] || left=$diagonal
				next="$next $left"
			fi
			diagonal=$above
		done
		row=$next
	done
	distance=${row##* }
}

# nearest WORD CANDIDATE...: sets `nearest`, the candidate that WORD is probably a slip of, or nothing.
nearest() {
	slip=$1 nearest='' best=$((${#1} / 3))
	[ "$best" -ge 1 ] || best=1
	shift
	for candidate; do
		distance "$slip" "$candidate"
		if [ "$distance" -lt "$best" ] || { [ "$distance" -eq "$best" ] && [ -z "$nearest" ]; }; then
			best=$distance nearest=$candidate
		fi
	done
}
