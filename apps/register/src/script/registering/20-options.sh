# The command line: QEMU's qemu-binfmt-conf.sh's, tonistiigi/binfmt's and this program's own.

# yes_or_no: checks `value`. QEMU's script takes any other word for "no" and says nothing.
yes_or_no() {
	case $value in
	yes | no) ;;
	*) misuse VALUE_BAD "$option takes yes or no, not \"$value\"" ;;
	esac
}

# absolute: `value` as a path without a slash at the end: nothing for the root folder. A colon would end the
# kernel's field. sets: path
absolute() {
	case $value in
	*:*) misuse VALUE_BAD "$option takes a path without a colon, not \"$value\"" ;;
	*"$NEWLINE"*) misuse VALUE_BAD "$option takes a path of one line, not \"$value\"" ;;
	/*) path=$value ;;
	*) misuse VALUE_BAD "$option takes an absolute path, not \"$value\"" ;;
	esac
	until [ "$path" = "${path%/}" ]; do
		path=${path%/}
	done
}

# below_root: the same, where the root folder itself makes no sense. sets: path
below_root() {
	absolute
	[ -n "$path" ] || misuse VALUE_BAD "$option takes the folder of binfmt_misc, not \"$value\""
}

# from_here: `value` as an absolute path: the current folder changes later. sets: path
from_here() {
	case $value in
	'') misuse VALUE_BAD "$option takes a path, not \"\"" ;;
	/*) path=$value ;;
	*) path=$PWD/$value ;;
	esac
}

# names_in LIST: whether it has a name. An empty one asks for nothing, as a variable that is not set does.
names_in() {
	case $1 in
	*[!,[:space:]]*) ;;
	*) return 1 ;;
	esac
}

one_report() {
	case --$REPORT in
	-- | "$option") ;;
	*) misuse OPTIONS_CONTRADICT "--$REPORT and $option are two reports" ;;
	esac
}

# plain: checks that `value` can stand in a file's name, and in the kernel's field.
plain() {
	case $value in
	*[:/]* | *"$NEWLINE"*) misuse VALUE_BAD "$option takes no colon and no slash: \"$value\"" ;;
	esac
}

# one_or_all: sets CPU to the guest that `value` names, or to ALL.
one_or_all() {
	small_letters "$value"
	CPU=ALL
	[ "$small" = all ] || { known_guest "$value" && CPU=$guest; }
}

# long_name OPTION: the full name of one that was cut short. sets: option
long_name() {
	option=$1 found=''
	for known in $QEMU_OPTIONS; do
		case $known in
		"$option"*) found="$found $known" ;;
		esac
	done
	case $found in
	' '*' '*) misuse OPTION_UNKNOWN "$option could be any of$found" ;;
	' '*) option=${found# } ;;
	*) unknown_option "$option" ;;
	esac
}

# unknown_option WORD: one dash may be a slip for two.
unknown_option() {
	# shellcheck disable=SC2086 # two lists of words
	nearest "--${1#"${1%%[!-]*}"}" $QEMU_OPTIONS $OWN_OPTIONS
	misuse OPTION_UNKNOWN "unknown option $1" "${nearest:+Did you mean $nearest?}"
}

# split WORD: the option's full name, and its value if the word has both. sets: option value joined
split() {
	value='' joined=no
	case $1 in
	-install* | -uninstall* | -version | -mount*) split "-$1" ;; # Go's flags take one dash as well
	--?*=*) split "${1%%=*}" && value=${1#*=} joined=yes ;;
	-[sQFecpgi]?*) split "${1%"${1#-?}"}" && value=${1#-?} value=${value#=} joined=yes ;;
	-s) option=--systemd ;;
	-Q) option=--qemu-path ;;
	-F) option=--qemu-suffix ;;
	-e) option=--exportdir ;;
	-c) option=--credential ;;
	-p) option=--persistent ;;
	-g) option=--preserve-argv0 ;;
	-i) option=--ignore-family ;;
	-d) option=--debian ;;
	-h) option=--help ;;
	--?*) option=$1 ;;
	-*) unknown_option "$1" ;;
	*) unexpected "$1" ;;
	esac
}

unexpected() {
	guest_named "$1"
	misuse OPTION_UNKNOWN "unexpected argument \"$1\"" "${guest:+Did you mean --install $1?}"
}

# takes_value: whether `option` does; its name is completed first where it was cut short.
takes_value() {
	case $option in
	--reset | --debian | --help | --version | --status | --verify | --doctor | --json | --dry-run | --override) return 1 ;;
	--persistent | --credential | --preserve-argv0 | --ignore-family | --qemu-path | --qemu-suffix) ;;
	--systemd | --exportdir | --install | --uninstall | --mount | --persist) ;;
	*) long_name "$option" && takes_value ;;
	esac
}

# set_option: takes `option` and `value` over into the settings.
set_option() {
	case $option in
	--reset) RESET=yes ASKED=yes ;;
	--persistent) yes_or_no && PERSISTENT=$value ASKED=yes ;;
	--credential) yes_or_no && CREDENTIAL=$value ASKED=yes ;;
	--preserve-argv0) yes_or_no && PRESERVE=$value ASKED=yes ;;
	--ignore-family) yes_or_no && IGNORE_FAMILY=$value ASKED=yes ;;
	--qemu-path) absolute && QEMU_PATH=$path WANT_PATH=yes ;;
	--qemu-suffix) plain && SUFFIX=$value WANT_PATH=yes ;;
	--systemd) one_or_all && WRITE=systemd ;;
	--debian) WRITE=debian ;;
	--exportdir) from_here && EXPORTDIR=$path ;;
	--install) INSTALL="$INSTALL,$value" && ! names_in "$value" || ASKED=yes ;;
	--uninstall) UNINSTALL="$UNINSTALL,$value" && ! names_in "$value" || ASKED=yes ;;
	--persist) absolute && HOST_ROOT=$path ;;
	--mount) below_root && MOUNT=$path ;;
	--status | --verify | --doctor | --version) one_report && REPORT=${option#--} ;;
	--json) JSON=yes ;;
	--dry-run) DRY_RUN=yes ;;
	--override) OVERRIDE=yes ;;
	--help) REPORT=usage ;;
	esac
}

# parse WORD...: reads the whole command line before anything is done, up to --help.
parse() {
	while [ $# -gt 0 ] && [ "$REPORT" != usage ]; do
		word=$1
		shift
		case $word in
		--)
			[ $# -eq 0 ] || unexpected "$1"
			return 0
			;;
		-[dh]?*) set -- "-${word#-?}" "$@" && word=${word%"${word#-?}"} ;; # -dpyes is -d -pyes
		esac
		split "$word"
		if ! takes_value; then
			[ "$joined" = no ] || misuse VALUE_BAD "$option takes no value"
		elif [ "$joined" = no ]; then
			[ $# -gt 0 ] || misuse VALUE_MISSING "$option needs a value"
			value=$1
			shift
		fi
		set_option
	done
}
