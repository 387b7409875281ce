# What was asked for, in order.

# settle: turns the options into FLAGS (as written), FLAGS_SHOWN (as the kernel shows them) and the emulators' folders.
settle() {
	option=QEMU_BIN_DIR value=${QEMU_BIN_DIR:-/usr/bin} usual=no
	[ -z "${HOST_ROOT+given}" ] || WRITE=persist
	if [ -n "$INSTALL" ]; then
		[ -z "${QEMU_BINARY_PATH:-}" ] || option=QEMU_BINARY_PATH value=$QEMU_BINARY_PATH
		usual=yes PRESERVE=${PRESERVE:-${QEMU_PRESERVE_ARGV0:+yes}}
	fi
	absolute
	[ "$WRITE" != persist ] || PERSISTENT=${PERSISTENT:-yes}
	PERSISTENT=${PERSISTENT:-$usual} CREDENTIAL=${CREDENTIAL:-$usual} PRESERVE=${PRESERVE:-no}
	QEMU_PATH=${QEMU_PATH-$path} EMULATORS=$QEMU_PATH
	[ "$WRITE" != persist ] || EMULATORS=$path
	NEEDS_EMULATOR=no FLAGS='' FLAGS_SHOWN=''
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

# register: everything is checked before anything is written.
register() {
	writable
	kernel_suffices
	[ "$CREDENTIAL" = no ] || say 'Flag C: set-user-ID programs of foreign images get their rights. --credential no leaves it out.'
	lock
	host_holds || fail BINFMT_HOST_UNMOUNTED 'binfmt_misc is not mounted on the host: entries would end with this container'
	plan
	apply
	unlock
	MOUNTED=no # from here on it stays, whatever a report finds: entries may end with it
	for entry in $SAME; do
		say "$entry is registered already, just so"
	done
	tell
}

# tell: in the words of QEMU's script, on stdout; where a report follows there, in tonistiigi/binfmt's on stderr.
tell() {
	if [ -z "$REPORT" ]; then
		out '%s' "$DONE"
	else
		for entry in $ADDED; do
			say "installing: ${entry#qemu-} OK"
		done
	fi
}

# dry_run: works without binfmt_misc as well, as if nothing were registered.
dry_run() {
	find_mount
	plan
	[ -z "$TO_REMOVE" ] || say "Would be removed:$TO_REMOVE"
	[ -z "$SAME" ] || say "Registered already, just so:$SAME"
	each_added print_line
}

print_line() {
	is_next "$1" || return 0
	wanted "$@"
	out '%s\n' "$line"
}

# change: whatever is to be changed, by the options.
change() {
	know_host
	case $WRITE:$DRY_RUN in
	kernel:yes) dry_run ;;
	kernel:no) register ;;
	*) write_files ;;
	esac
}

# write_files: --reset is of the kernel's entries, beside the files as well; it comes last, when nothing else can fail.
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
	names
	TO_REMOVE=$ENTRIES
	apply
	unlock
}

# after_install: whether --install was here before: an emulator of its folder is held open. That image, called with
# nothing, answers with its status, and docker/setup-qemu-action asks it so.
after_install() {
	mounted
	names
	[ -n "$ENTRIES" ] || return 1
	look 'qemu-*'
	HELD=no folder=${QEMU_BINARY_PATH:-$QEMU_PATH}
	each_entry held
	[ "$HELD" = yes ] || return 1
	say 'Emulators are registered, with flag F: this is their status. --reset registers anew.'
}

held() {
	case $interpreter:$flags in
	"${folder%/}"/qemu-*"$SUFFIX":*F) HELD=yes ;;
	esac
}

# finish: whatever the end, nothing is left half-done.
finish() {
	code=$? IFS=$WHITESPACE
	set -f
	trap '' INT TERM HUP PIPE
	[ "$CHANGING" = no ] || put_back
	unlock
	[ "$code" -eq 0 ] || [ "$MOUNTED" = no ] || umount "$MOUNT"
	[ -z "$STAGE$SCRATCH" ] || rm -rf ${STAGE:+"$STAGE"} ${SCRATCH:+"$SCRATCH"}
	trap - EXIT
	exit "$code"
}

# succeed: ends the call, if its results were told.
succeed() {
	[ "$UNSAID" = yes ] || exit 0
	complain OUTPUT_FAILED 'stdout could not be written: what was asked for is done, but not told'
	exit 1
}

interrupted() {
	say 'Interrupted.'
	exit 1
}

parse "$@"
[ "$REPORT" = usage ] || settle
trap finish EXIT
trap interrupted INT TERM HUP
trap 'exit 141' PIPE # whoever read the messages is gone: without a trap, a shell does not come to `finish`
[ $# -gt 0 ] || ! after_install || REPORT=platforms ASKED=no

# The usual call ends here. Shells read a script as they go, and need not read what only the others take.
if [ -z "$REPORT$INSTALL" ] && [ "$WRITE" = kernel ]; then
	change
	succeed
fi
