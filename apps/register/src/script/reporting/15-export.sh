# Files instead of entries: for systemd-binfmt.service, for update-binfmts, and both emulators and files into a mounted host.

# export_failed PLACE CAUSE
export_failed() {
	remedy=''
	case $2 in
	'No space left on device' | 'Disk quota exceeded') remedy='Make room there, then run this again.' ;;
	esac
	fail EXPORT_FAILED "cannot write $1: $2" "$remedy"
}

# stage FOLDER: makes STAGE in it, a folder where files are completed before they appear under their names. The variable
# is set first, since a signal may arrive in between. sets: host_path
stage() {
	host_path=${1#"${HOST_ROOT-}"}
	[ -d "$1" ] ||
		fail EXPORT_FAILED "there is no folder $1" "Make $host_path on the host and mount it: -v $host_path:$1"
	stays_in_root "$1"
	STAGE=$1/.register.$TAG
	mkdir "$STAGE" 2>/dev/null && return 0
	why=$(mkdir "$STAGE" 2>&1)
	STAGE=''
	export_failed "to $1" "${why##*: }"
}

# stays_in_root FOLDER: what --persist writes below its root must not leave that by a link: an absolute one of the host's
# means a folder of this container here.
stays_in_root() {
	[ "$1" != "$host_path" ] || return 0
	root=$(cd -P "$HOST_ROOT" && pwd -P)
	real=$(cd -P "$1" && pwd -P)
	case $real in
	"${root%/}"/*) ;;
	*) fail EXPORT_FAILED "$1 is a link to $real, which is outside $HOST_ROOT" "Mount the folder that the host has there: -v $host_path:$1" ;;
	esac
}

unstage() {
	rmdir "$STAGE"
	STAGE=''
}

# publish FOLDER: moves the staged files to their names.
publish() {
	set +f
	why=$(mv -f "$STAGE"/* "$1/" 2>&1) || export_failed "to $1" "${why##*: }"
	set -f
	unstage
	say "The files are in $1"
}

# export_to FOLDER COMMAND: the command's file for each guest, all of them or none.
export_to() {
	EXPORTDIR=${EXPORTDIR:-$1}
	[ "$DRY_RUN" = yes ] || stage "$EXPORTDIR"
	each_chosen "$2"
	[ "$DRY_RUN" = yes ] || publish "$EXPORTDIR"
}

# export_file NAME TEXT
export_file() {
	if [ "$DRY_RUN" = yes ]; then
		out '# %s\n%s\n' "$EXPORTDIR/$1" "$2"
	elif ! { printf '%s\n' "$2" >"$STAGE/$1"; } 2>/dev/null; then
		why_refused "$2" "$STAGE/$1"
		export_failed "$EXPORTDIR/$1" "$why"
	fi
}

systemd_file() {
	wanted "$@"
	export_file "qemu-$1.conf" "$line"
}

debian_file() {
	wanted "$@"
	export_file "qemu-$1" "package qemu-$1
interpreter $interpreter
magic $5
mask $6
credentials $CREDENTIAL
preserve $PRESERVE
fix_binary $PERSISTENT"
}

# persist: emulators first, so that no configuration names one that is not there yet. Both folders are tried before.
persist() {
	FILES='' EXPORTDIR=${EXPORTDIR:-$HOST_ROOT/etc/binfmt.d}
	each_chosen emulator_file
	some_found
	[ "$DRY_RUN" = yes ] || copy_emulators
	export_to "$EXPORTDIR" systemd_file
}

copy_emulators() {
	stage "$EXPORTDIR"
	unstage
	stage "$HOST_ROOT$QEMU_PATH"
	IFS=$NEWLINE
	# shellcheck disable=SC2086 # a file a line
	why=$(cp $FILES "$STAGE/" 2>&1) || export_failed "to $HOST_ROOT$QEMU_PATH" "${why##*: }"
	IFS=$WHITESPACE
	publish "$HOST_ROOT$QEMU_PATH"
}

emulator_file() {
	case $NEWLINE$FILES in
	*"$NEWLINE$EMULATORS/$OURS$2$SUFFIX$NEWLINE"*) ;;
	*) FILES=$FILES$EMULATORS/$OURS$2$SUFFIX$NEWLINE ;;
	esac
}
