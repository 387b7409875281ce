# Files instead of entries: for systemd-binfmt.service, for update-binfmts, and both emulators and files into a mounted host.

# stage FOLDER: sets STAGE, a folder in it where files are made whole before they appear under their names. It is put
# down before it is there, as a signal may come in between.
stage() {
	[ -d "$1" ] || fail EXPORT_FAILED "there is no folder $1"
	STAGE=$1/.register.$TAG
	mkdir "$STAGE" 2>/dev/null && return 0
	why=$(mkdir "$STAGE" 2>&1)
	STAGE=''
	fail EXPORT_FAILED "cannot write to $1: ${why##*: }"
}

# publish FOLDER: moves the staged files to their names.
publish() {
	set +f
	why=$(mv -f "$STAGE"/* "$1/" 2>&1) || fail EXPORT_FAILED "cannot write to $1: ${why##*: }"
	set -f
	rmdir "$STAGE"
	STAGE=''
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
		printf '# %s\n%s\n' "$EXPORTDIR/$1" "$2"
	else
		{ printf '%s\n' "$2" >"$STAGE/$1"; } 2>/dev/null || fail EXPORT_FAILED "cannot write $EXPORTDIR/$1"
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

# persist: emulators first, so that no configuration names one that is not there yet.
persist() {
	FILES=''
	each_chosen emulator_file
	if [ "$DRY_RUN" = no ]; then
		stage "$HOST_ROOT$QEMU_PATH"
		# shellcheck disable=SC2086 # a list of files
		why=$(cp $FILES "$STAGE/" 2>&1) || fail EXPORT_FAILED "cannot copy to $HOST_ROOT$QEMU_PATH: ${why##*: }"
		publish "$HOST_ROOT$QEMU_PATH"
	fi
	export_to "$HOST_ROOT/etc/binfmt.d" systemd_file
}

emulator_file() {
	listed "$EMULATORS/qemu-$2$SUFFIX" "$FILES" || FILES="$FILES $EMULATORS/qemu-$2$SUFFIX"
}
