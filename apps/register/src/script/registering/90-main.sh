# What was asked for, in order.

# settle: completes the options: flags, folders and the report, as the command line's own tool would have them.
settle() {
	option=QEMU_BINARY_PREFIX value=${QEMU_BINARY_PREFIX:-}
	plain
	OURS=${value}qemu-
	option=QEMU_BIN_DIR value=${QEMU_BIN_DIR:-/usr/bin} usual=no
	[ -z "${HOST_ROOT+given}" ] || WRITE=persist
	if [ -n "$INSTALL" ]; then
		[ -z "${QEMU_BINARY_PATH:-}" ] || option=QEMU_BINARY_PATH value=$QEMU_BINARY_PATH
		usual=yes PRESERVE=${PRESERVE:-${QEMU_PRESERVE_ARGV0:+yes}}
	fi
	absolute
	WANT_F=$PERSISTENT WANT_C=$CREDENTIAL WANT_P=$PRESERVE
	[ "$WRITE" != persist ] || PERSISTENT=${PERSISTENT:-yes}
	PERSISTENT=${PERSISTENT:-$usual} CREDENTIAL=${CREDENTIAL:-$usual}
	[ -n "$PRESERVE" ] || [ "$usual" = no ] || { know_kernel && kernel_before 5 12; } || PRESERVE=yes
	PRESERVE=${PRESERVE:-no}
	QEMU_PATH=${QEMU_PATH-$path} EMULATORS=$QEMU_PATH
	[ "$WRITE" != persist ] || EMULATORS=$path
	case $WRITE:$PERSISTENT in
	persist:* | kernel:yes) NEEDS_EMULATOR=yes ;;
	esac
	[ "$PRESERVE" = no ] || FLAGS_SHOWN=P
	[ "$CREDENTIAL" = no ] || FLAGS=OC FLAGS_SHOWN=${FLAGS_SHOWN}OC
	[ "$PERSISTENT" = no ] || FLAGS=${FLAGS}F FLAGS_SHOWN=${FLAGS_SHOWN}F
	[ "$PRESERVE" = no ] || FLAGS=${FLAGS}P
	[ "$JSON" = no ] || REPORT=${REPORT:-status}
	[ "$DRY_RUN" = no ] || [ -z "$REPORT" ] ||
		misuse OPTIONS_CONTRADICT "--dry-run makes no report, and --$REPORT is one"
	[ "$WRITE" = kernel ] || [ -z "$UNINSTALL" ] ||
		misuse OPTIONS_CONTRADICT "--uninstall is for entries of the kernel, and --$WRITE writes files"
	[ -z "$INSTALL$UNINSTALL" ] || REPORT=${REPORT:-platforms}
	[ "$DRY_RUN" = no ] || REPORT=''
}

# kernel_suffices: before anything is changed, as older kernels refuse or ignore what they do not know.
kernel_suffices() {
	[ "$PERSISTENT" = no ] || ! kernel_before 4 8 || fail KERNEL_TOO_OLD "Linux $KERNEL has no flag F (4.8 has it)"
	[ "$PRESERVE" = no ] || ! kernel_before 5 12 || fail KERNEL_TOO_OLD "Linux $KERNEL has no flag P for emulators (5.12 has it)"
}

# begin: checks everything before anything is written, and waits for the lock. --dry-run works without binfmt_misc as
# well, as if nothing were registered.
begin() {
	BEGUN=yes
	know_host
	if [ "$DRY_RUN" = yes ]; then
		find_mount
	else
		writable
		kernel_suffices
		[ "$CREDENTIAL" = no ] ||
			say 'Warning: with flag C, set-user-ID programs of foreign images run as root. --credential no leaves it out.'
		lock
		host_holds ||
			fail BINFMT_HOST_UNMOUNTED 'binfmt_misc is not mounted on the host: entries would end with this container'
	fi
	survey
}

# conclude: what `begin` prepared is done, or shown.
conclude() {
	plan
	if [ "$DRY_RUN" = yes ]; then
		dry_run
	else
		apply
		unlock
		MOUNTED=no # from here on it stays, whatever a report finds: entries may end with it
		report_changes
	fi
}

# report_changes: new entries in the words of QEMU's script, on stdout unless a report goes there, or in tonistiigi/binfmt's.
report_changes() {
	for entry in $SAME; do
		say "$entry: already registered"
	done
	[ -z "$NOTES" ] || say "${NOTES%"$NEWLINE"}"
	if [ -n "$INSTALL" ]; then
		for entry in $ADDED; do
			say "installing: ${entry#"$OURS"} OK"
		done
	elif [ -z "$REPORT" ]; then
		out '%s' "$DONE"
	else
		[ -z "$DONE" ] || say "${DONE%"$NEWLINE"}"
	fi
}

dry_run() {
	[ -z "$TO_REMOVE" ] || say "Would be removed:$TO_REMOVE"
	[ -z "$SAME" ] || say "Already registered:$SAME"
	[ -z "$NOTES" ] || say "${NOTES%"$NEWLINE"}"
	each_added print_line
}

print_line() {
	is_next "$1" || return 0
	wanted "$@"
	out '%s\n' "$line"
}

# change: whatever is to be changed, by the options.
change() {
	if [ "$WRITE" = kernel ]; then
		[ "$BEGUN" = yes ] || begin
		conclude
	else
		know_host
		write_files
	fi
}

# write_files: --reset also removes the kernel's entries, last, when nothing else can fail.
write_files() {
	[ "$RESET:$DRY_RUN" != yes:no ] || writable
	case $WRITE in
	systemd) export_to /etc/binfmt.d systemd_file ;;
	debian) export_to /usr/share/binfmts debian_file ;;
	persist) persist ;;
	esac
	[ "$RESET:$DRY_RUN" != yes:no ] || reset_entries
}

reset_entries() {
	lock
	survey
	apply
	unlock
}

# bare_call: registers, and ends with the status, as docker/setup-qemu-action reads it. Where emulators work in every
# container already, whoever registered them, it is that question alone.
bare_call() {
	REPORT=platforms ASKED=yes HELD=no
	mounted
	names
	[ -n "$ENTRIES" ] || return 0
	look
	each_entry is_held
	[ "$HELD" = no ] || { ASKED=no && say 'Already registered (flag F); printing status. Use --reset to register again.'; }
}

is_held() {
	case $name:$state:$flags in
	qemu-*:enabled:*F) HELD=yes ;;
	esac
}

# finish: whatever the end, nothing is left half-done.
finish() {
	code=$? IFS=$WHITESPACE
	set -f
	[ "$CHANGING" = no ] || put_back
	give_back
	[ "$code" -eq 0 ] || [ "$MOUNTED" = no ] || umount "$MOUNT"
	[ -z "$STAGE$SCRATCH" ] || rm -rf ${STAGE:+"$STAGE"} ${SCRATCH:+"$SCRATCH"}
	[ -z "$FAIL_CODE" ] || "$ON_FAILURE" "$FAIL_CODE" "$FAIL_TEXT" ${FAIL_REMEDY:+"$FAIL_REMEDY"}
	exit "$code"
}

# succeed: ends the call, if its results could be written.
succeed() {
	[ "$OUTPUT_LOST" = yes ] || end 0
	fail OUTPUT_FAILED 'stdout could not be written: the changes were made, but their report is lost'
}

interrupted() {
	trap '' INT TERM HUP PIPE
	say 'Interrupted.'
	end 1
}

trap finish EXIT
trap interrupted INT TERM HUP
trap 'end 141' PIPE # whoever read the messages is gone: without a trap, a shell does not come to `finish`
parse "$@"
[ "$REPORT" = usage ] || settle
[ $# -gt 0 ] || bare_call

# The usual call ends here. Shells read a script as they go, and need not read what only the others take.
if [ -z "$REPORT$INSTALL" ] && [ "$WRITE" = kernel ]; then
	begin
	if untouched; then
		conclude
		succeed
	fi
fi
