# What works here, what does not, and what to do.

# finding LEVEL TEXT [CODE]: one line of the report; a CODE brings its remedy.
finding() {
	remedy=''
	[ $# -lt 3 ] || remedy_of "$3"
	[ "$1" != bad ] || SICK=yes
	if [ "$JSON" = yes ]; then
		json_text "$2"
		out '%s\n    { "level": "%s", "text": %s' "$comma" "$1" "$text"
		json_text "$remedy"
		out '%s }' "${remedy:+, \"remedy\": $text}"
		comma=,
	else
		out '%-5s %s\n' "$1" "$2"
		[ -z "$remedy" ] || out '      -> %s\n' "$remedy"
	fi
}

doctor() {
	# What would end another call is the last finding of this one.
	fail() {
		finding bad "$2" "$1"
		end_findings
	}
	begin_findings
	know_host
	know_own
	find_mount
	names
	about_kernel
	about_namespace
	about_emulators
	about_mount && about_entries && about_host_mount
	end_findings
}

begin_findings() {
	SICK=no comma=''
	[ "$JSON" = no ] || out '{\n  "findings": ['
}

end_findings() {
	[ "$JSON" = no ] || out '\n  ]\n}\n'
	[ "$SICK" = no ] || exit 1
}

about_kernel() {
	finding ok "Linux $KERNEL on $HOST"
	if emulated; then
		finding warn "this image is of $OWN, and runs on an emulator" IMAGE_FOREIGN
	elif [ "$OWN" != "$HOST" ]; then
		finding note "this image is of $OWN, which the machine also runs"
	fi
	if kernel_before 4 8; then
		finding bad 'no flag F: emulators must be in every container' KERNEL_TOO_OLD
	elif kernel_before 5 12; then
		finding note 'flag F; flag P is not told to emulators before Linux 5.12'
	else
		finding ok 'flags F and P'
	fi
	if in_kernel; then
		finding ok 'the kernel knows binfmt_misc'
	else
		finding bad 'the kernel does not know binfmt_misc' BINFMT_MISSING
	fi
}

about_namespace() {
	if ! in_user_namespace; then
		finding ok "root here is the machine's root"
	elif kernel_before 6 7; then
		finding bad 'a user namespace, and this kernel has binfmt_misc for none but the first' USER_NAMESPACE
	else
		finding warn 'a user namespace: entries made here end with it' USER_NAMESPACE
	fi
	mount_of /proc/sys
	case ,$options, in
	*,ro,*) finding note '/proc/sys is read-only, as in every container without --privileged' ;;
	esac
}

about_emulators() {
	FOUND=0
	table count_emulator
	if [ "$FOUND" -gt 0 ]; then
		finding ok "emulators for $FOUND guests in ${EMULATORS:-/}"
	else
		finding note "no emulators in ${EMULATORS:-/}: entries must name those of the host or of each container"
	fi
	if make_scratch; then
		finding ok "--verify can run programs in ${SCRATCH%/*}"
	else
		finding note 'no folder for --verify' VERIFY_NO_ROOM
	fi
}

count_emulator() {
	[ ! -f "$EMULATORS/qemu-$2$SUFFIX" ] || FOUND=$((FOUND + 1))
}

# about_mount: fails where no entries can be read.
about_mount() {
	if ! is_mounted; then
		mount_of "$MOUNT"
		if [ "$type" = autofs ]; then
			finding bad "$MOUNT is an automount that has not mounted binfmt_misc" AUTOFS_NOT_TRIGGERED
			return 1
		elif [ -d "$MOUNT" ] && has_files "$MOUNT"; then
			finding bad "$MOUNT is not binfmt_misc: other files are in it" BINFMT_NOT_MOUNTED
			return 1
		elif in_user_namespace || ! mount -t binfmt_misc binfmt_misc "$MOUNT" 2>/dev/null; then
			finding bad "binfmt_misc is not mounted on $MOUNT, and cannot be from here" BINFMT_NOT_MOUNTED
			return 1
		fi
		MOUNTED=yes
	fi
	mount_of "$MOUNT"
	finding ok "binfmt_misc is mounted on $MOUNT ($type, ${options%%,*})"
	if can_write "$MOUNT/register"; then
		finding ok 'entries can be written'
	else
		case ,$options, in
		*,ro,*) finding bad "$MOUNT is mounted read-only" BINFMT_READ_ONLY ;;
		*) finding bad "$MOUNT/register is not writable for this user" BINFMT_NO_PERMISSION ;;
		esac
	fi
	read -r status <"$MOUNT/status"
	[ "$status" = enabled ] || finding bad "binfmt_misc is switched off" BINFMT_OFF
}

about_host_mount() {
	[ "$MOUNTED" = yes ] && can_write "$MOUNT/register" || return 0
	lock
	host_holds || finding bad 'binfmt_misc is not mounted on the host: entries would end with this container' BINFMT_HOST_UNMOUNTED
	unlock
}

about_entries() {
	look '*'
	[ "$SEEN" != "$NEWLINE" ] || finding note 'no entries'
	each_entry about_entry
}

about_entry() {
	case $name in
	qemu-*) about_qemu_entry ;;
	esac
	case $magic in
	7f454c46????????????????????????????????*) about_clash ;;
	esac
}

about_qemu_entry() {
	place_of_interpreter
	owner
	told="$name: $state, flags \"$flags\", $interpreter ($place), $owner"
	if [ "$state" = disabled ]; then
		finding warn "$told" ENTRY_DIFFERS
	elif [ "$place" = missing ]; then
		finding warn "$told" INTERPRETER_MISSING
	else
		finding ok "$told"
	fi
}

# owner: sets `owner`, who makes entries like the one that was read.
owner() {
	case $name:$interpreter:$flags in
	*:"$QEMU_PATH"/*"$SUFFIX":OCF | *:"$QEMU_PATH"/*"$SUFFIX":POCF) owner='as --install makes it' ;;
	*:"$QEMU_PATH"/*"$SUFFIX":*) owner='as this program makes it' ;;
	qemu-*-static:*) owner="as Fedora's qemu-user-static makes it" ;;
	*:/usr/libexec/qemu-binfmt/*) owner="as Debian 12's qemu-user-static makes it" ;;
	*:/usr/bin/qemu-*:POF) owner="as Debian's qemu-user-binfmt makes it" ;;
	*:/usr/bin/qemu-*:OCF | *:/usr/bin/qemu-*:POCF) owner='as tonistiigi/binfmt makes it' ;;
	*) owner='made by something else' ;;
	esac
}

# about_clash: another's entry for programs that the table has a guest for.
about_clash() {
	cpu_key "$magic"
	entry_key=$key
	table clash_row
}

# clash_row ROW: mips and mipsn32 share a key, and are told apart further on.
clash_row() {
	cpu_key "$7"
	[ "$key" = "$entry_key" ] || return 0
	if [ "$1" = "$HOST" ]; then
		finding bad "$name claims this machine's own programs" CLASH
	elif ! listed "${name#qemu-}" "$GUESTS"; then
		finding warn "$name claims the programs of $1 too: the entry made last wins" CLASH
	fi
}
