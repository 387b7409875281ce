# What was asked for, in order.

# settle: turns the options into FLAGS (as written), FLAGS_SHOWN (as the kernel shows them) and the emulators' folders.
settle() {
	folder=${QEMU_BIN_DIR:-/usr/bin} usual=no
	[ -z "$HOST_ROOT" ] || WRITE=persist
	if [ -n "$INSTALL" ]; then
		folder=${QEMU_BINARY_PATH:-$folder} usual=yes
		PRESERVE=${PRESERVE:-${QEMU_PRESERVE_ARGV0:+yes}}
	fi
	[ "$WRITE" != persist ] || PERSISTENT=yes
	PERSISTENT=${PERSISTENT:-$usual} CREDENTIAL=${CREDENTIAL:-$usual} PRESERVE=${PRESERVE:-no}
	QEMU_PATH=${QEMU_PATH:-${folder%/}} EMULATORS=$QEMU_PATH
	[ "$WRITE" != persist ] || EMULATORS=${folder%/}
	NEEDS_EMULATOR=no FLAGS='' FLAGS_SHOWN=''
	case $WRITE:$PERSISTENT in
	persist:* | kernel:yes) NEEDS_EMULATOR=yes ;;
	esac
	[ "$PRESERVE" = no ] || FLAGS_SHOWN=P
	[ "$CREDENTIAL" = no ] || FLAGS=OC FLAGS_SHOWN=${FLAGS_SHOWN}OC
	[ "$PERSISTENT" = no ] || FLAGS=${FLAGS}F FLAGS_SHOWN=${FLAGS_SHOWN}F
	[ "$PRESERVE" = no ] || FLAGS=${FLAGS}P
	[ "$JSON" = no ] || REPORT=${REPORT:-status}
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
	find_mount
	if [ "$DRY_RUN" = yes ]; then
		dry_run
		return 0
	fi
	writable
	choose_guests
	kernel_suffices
	[ "$CREDENTIAL" = no ] || say 'Flag C: set-user-ID programs of foreign images get their rights. --credential no leaves it out.'
	lock
	host_holds || fail BINFMT_HOST_UNMOUNTED 'binfmt_misc is not mounted on the host: entries would end with this container'
	plan
	apply
	unlock
	table report
}

# dry_run: works without binfmt_misc as well, as if nothing were registered.
dry_run() {
	choose_guests
	if is_mounted; then
		plan
	else
		TO_ADD=$CHOSEN
	fi
	[ -z "$TO_REMOVE" ] || say "Would be removed:$TO_REMOVE"
	[ -z "$SAME" ] || say "Registered already, just so:$SAME"
	table print_line
}

print_line() {
	listed "$1" "$TO_ADD" || return 0
	wanted "$@"
	printf '%s\n' "$line"
}

# report ROW: QEMU's script's words on stdout; where a report follows, tonistiigi/binfmt's on stderr.
report() {
	listed "$1" "$CHOSEN" || return 0
	if listed "$1" "$SAME"; then
		say "qemu-$1 is registered already, just so"
	elif [ -n "$INSTALL$REPORT" ]; then
		say "installing: $1 OK"
	else
		printf 'Setting %s as binfmt interpreter for %s\n' "$QEMU_PATH/qemu-$2$SUFFIX" "$1"
	fi
}

# version: the emulators' as they say it themselves: "qemu-arm version 11.1.3 (Debian ...)".
version() {
	version=none
	set +f
	for emulator in "$EMULATORS"/qemu-*"$SUFFIX"; do
		said=$("$emulator" --version 2>/dev/null)
		case $said in
		qemu-*' version '*)
			version=${said#*version }
			version=${version%%[!0-9.]*}
			break
			;;
		esac
	done
	set -f
	printf 'register/%s qemu/%s\n' "$EDITION" "$version"
}

# after_install: whether --install was here before. That image, called with nothing, answers with its status, and
# docker/setup-qemu-action asks it so.
after_install() {
	mounted
	look 'qemu-*'
	case $SEEN in
	*"|$QEMU_PATH/qemu-"*"$SUFFIX|OCF|"* | *"|$QEMU_PATH/qemu-"*"$SUFFIX|POCF|"*) return 0 ;;
	*) return 1 ;;
	esac
}

# finish: whatever the end, nothing is left half-done.
finish() {
	code=$? IFS=$WHITESPACE
	set -f
	trap '' INT TERM HUP
	[ "$CHANGING" = no ] || put_back
	unlock
	# shellcheck disable=SC2086 # a list of folders
	[ "$code$MOUNTED" != 1yes ] || umount "$MOUNT"
	[ -z "$SCRATCH$STAGES" ] || rm -rf "$SCRATCH" $STAGES
	trap - EXIT
	exit "$code"
}

interrupted() {
	say 'Interrupted.'
	exit 1
}

main() {
	parse "$@"
	settle
	trap finish EXIT
	trap interrupted INT TERM HUP
	[ $# -gt 0 ] || ! after_install || REPORT=platforms
	case $WRITE:$REPORT:$ASKED in
	systemd:*) export_to /etc/binfmt.d systemd_file ;;
	debian:*) export_to /usr/share/binfmts debian_file ;;
	persist:*) persist ;;
	kernel::* | kernel:*:yes) register ;;
	esac
	case $REPORT in
	?*) "$REPORT" ;;
	esac
}

main "$@"
