# Files instead of entries: for systemd-binfmt.service, for update-binfmts, and both emulators and files into a mounted host.

STAGES=''

# stage FOLDER: sets `stage`, a folder in it where files are made whole before they appear under their names.
stage() {
	[ -d "$1" ] || fail EXPORT_FAILED "there is no folder $1"
	stage=$1/.register.$TAG
	why=$(mkdir "$stage" 2>&1) || fail EXPORT_FAILED "cannot write to $1: ${why##*: }"
	STAGES="$STAGES $stage"
}

# publish FOLDER: moves the staged files to their names.
publish() {
	set +f
	why=$(mv -f "$1/.register.$TAG"/* "$1/" 2>&1) || fail EXPORT_FAILED "cannot write to $1: ${why##*: }"
	set -f
	rmdir "$1/.register.$TAG"
	say "Written to $1: files for$CHOSEN"
}

# export_file NAME TEXT
export_file() {
	if [ "$DRY_RUN" = yes ]; then
		printf '# %s\n%s\n' "$EXPORTDIR/$1" "$2"
	else
		{ printf '%s\n' "$2" >"$stage/$1"; } 2>/dev/null || fail EXPORT_FAILED "cannot write $EXPORTDIR/$1"
	fi
}

systemd_file() {
	listed "$1" "$CHOSEN" || return 0
	wanted "$@"
	export_file "qemu-$1.conf" "$line"
}

debian_file() {
	listed "$1" "$CHOSEN" || return 0
	wanted "$@"
	export_file "qemu-$1" "package qemu-$1
interpreter $interpreter
magic $4
mask $5
credentials $CREDENTIAL
preserve $PRESERVE
fix_binary $PERSISTENT"
}

# export_to FOLDER VISITOR: one file a guest, all of them or none.
export_to() {
	EXPORTDIR=${EXPORTDIR:-$1}
	choose_guests
	[ "$DRY_RUN" = yes ] || stage "$EXPORTDIR"
	table "$2"
	[ "$DRY_RUN" = yes ] || publish "$EXPORTDIR"
}

emulator_file() {
	listed "$1" "$CHOSEN" && ! listed "$EMULATORS/qemu-$2$SUFFIX" "$FILES" || return 0
	FILES="$FILES $EMULATORS/qemu-$2$SUFFIX"
}

# persist: emulators first, so that no configuration names one that is not there yet.
persist() {
	FILES=''
	choose_guests
	table emulator_file
	if [ "$DRY_RUN" = no ]; then
		stage "$HOST_ROOT$QEMU_PATH"
		# shellcheck disable=SC2086 # a list of files
		why=$(cp $FILES "$stage/" 2>&1) || fail EXPORT_FAILED "cannot copy to $HOST_ROOT$QEMU_PATH: ${why##*: }"
		publish "$HOST_ROOT$QEMU_PATH"
	fi
	export_to "$HOST_ROOT/etc/binfmt.d" systemd_file
}
