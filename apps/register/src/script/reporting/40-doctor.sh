# What works here, what does not, and what to do.

# finding LEVEL TEXT [CODE]: one line of the report; a CODE brings its remedy.
finding() {
	remedy=''
	[ $# -lt 3 ] || remedy_of "$3"
	[ "$1" != bad ] || SICK=${SICK:-$2}
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
	ON_FAILURE=last_finding SICK='' WORKING=0 comma=''
	[ "$JSON" = no ] || out '{\n  "findings": ['
	know_host
	know_own
	find_mount
	names
	about_kernel
	about_namespace
	about_emulators
	about_mount && about_entries && about_host_mount
	verdict
	ON_FAILURE=complain
	[ -z "$SICK" ] || end 1
}

# last_finding CODE MESSAGE: an error that would end another call.
last_finding() {
	finding bad "$2" "$1"
	verdict
}

# verdict: the last line.
verdict() {
	if [ -n "$SICK" ]; then
		verdict="emulators do not work here: $SICK"
	elif [ "$WORKING" -eq 0 ] && [ -n "$ENTRIES" ]; then
		verdict='no entry of a guest is in working order; see the warnings above'
	elif [ "$WORKING" -eq 0 ]; then
		verdict='nothing is registered; everything that registering needs is here'
	else
		verdict="entries of $WORKING guests are in working order; --verify runs a program of each"
	fi
	if [ "$JSON" = yes ]; then
		json_text "$verdict"
		out '\n  ],\n  "verdict": %s\n}\n' "$text"
	else
		out 'verdict: %s\n' "$verdict"
	fi
}

about_kernel() {
	finding ok "Linux $KERNEL on $HOST"
	if emulated; then
		finding warn "this image is for $OWN and runs on an emulator" IMAGE_FOREIGN
	elif [ "$OWN" != "$HOST" ]; then
		finding note "this image is for $OWN, which the machine also runs"
	fi
	if kernel_before 4 8; then
		finding bad 'kernel lacks flag F: emulators must be in every container' KERNEL_TOO_OLD
	elif kernel_before 5 12; then
		finding note 'kernel supports flag F (persistent); flag P (preserve argv[0]) needs Linux 5.12'
	else
		finding ok 'kernel supports flags F (persistent) and P (preserve argv[0])'
	fi
	if in_kernel; then
		finding ok 'kernel supports binfmt_misc'
	else
		finding bad 'kernel does not support binfmt_misc' BINFMT_MISSING
	fi
}

about_namespace() {
	if ! in_user_namespace; then
		finding ok "root here is the machine's root"
	elif kernel_before 6 7; then
		finding bad 'user namespace: before Linux 6.7 it cannot register entries' USER_NAMESPACE
	else
		finding warn 'user namespace: entries made here disappear with it' USER_NAMESPACE
	fi
	mount_of /proc/sys
	case ,$options, in
	*,ro,*) finding note '/proc/sys is read-only, as in every container without --privileged' ;;
	esac
}

about_emulators() {
	FOUND=0 OF_FAMILY=''
	table count_emulator
	[ -z "$OF_FAMILY" ] ||
		OF_FAMILY="; not counted, because this machine is of their family of CPUs:$OF_FAMILY (see --ignore-family)"
	if [ "$FOUND" -gt 0 ]; then
		finding ok "emulators for $FOUND guests in ${EMULATORS:-/}$OF_FAMILY"
		finding note 'which programs each QEMU version runs: docs/conformance.md in the repository of this image'
	elif [ -n "$OF_FAMILY" ]; then
		finding note "no emulators for other CPUs in ${EMULATORS:-/}$OF_FAMILY"
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
	if ! has_emulator "$2"; then
		return 0
	elif [ "$3" = "$FAMILY" ]; then
		OF_FAMILY="$OF_FAMILY $1"
	else
		FOUND=$((FOUND + 1))
	fi
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
	switch
	[ "$switched" = enabled ] || finding bad "binfmt_misc is switched off" BINFMT_OFF
}

about_host_mount() {
	[ "$MOUNTED" = yes ] && can_write "$MOUNT/register" || return 0
	lock
	host_holds || finding bad 'binfmt_misc is not mounted on the host: entries would end with this container' BINFMT_HOST_UNMOUNTED
	unlock
}

about_entries() {
	read_enabled
	[ "$SEEN" != "$NEWLINE" ] || finding note 'no entries'
	each_entry about_entry
	[ -z "$NOT_HELD" ] ||
		finding warn "without flag F, the emulator must be in every container that runs programs of:$NOT_HELD" ENTRY_NOT_HELD
	[ -z "$CLAIMANTS" ] || table about_clash
}

about_entry() {
	case $name in
	qemu-* | "$OURS"*) ;;
	*) return 0 ;;
	esac
	place_of_interpreter
	owner
	entry_text="$name: $state, flags \"$flags\", $interpreter ($place), $owner"
	if [ "$state" = disabled ]; then
		finding warn "$entry_text" ENTRY_DIFFERS
	elif [ "$place" = missing ]; then
		finding warn "$entry_text" INTERPRETER_MISSING
	else
		finding ok "$entry_text"
		! listed "${name#"$OURS"}" "$GUESTS" || WORKING=$((WORKING + 1))
	fi
}

# about_clash ROW: another's entry for programs of a guest.
about_clash() {
	claimed "$@" || return 0
	if [ "$1" = "$HOST" ]; then
		finding bad "$name claims this machine's own programs" CLASH
	elif listed "$OURS$1" "$ENABLED"; then
		finding warn "$name claims the programs of $1 too: the entry made last wins" CLASH
	else
		finding note "$name ($interpreter) has the programs of $1"
	fi
}

# owner: who makes entries like the one that was read. sets: owner
owner() {
	case $name:$interpreter:$flags in
	*:"$QEMU_PATH"/*"$SUFFIX":OCF | *:"$QEMU_PATH"/*"$SUFFIX":POCF) owner='as --install makes it' ;;
	*:"$QEMU_PATH"/*"$SUFFIX":*) owner='as this program makes it' ;;
	"${name%-static}"-static:*) owner="as Fedora's qemu-user-static makes it" ;;
	*:/usr/libexec/qemu-binfmt/*) owner="as Debian 12's qemu-user-static makes it" ;;
	*:/usr/bin/qemu-*:POF) owner="as Debian's qemu-user-binfmt makes it" ;;
	*:/usr/bin/qemu-*:OCF | *:/usr/bin/qemu-*:POCF) owner='as tonistiigi/binfmt makes it' ;;
	*) owner='made by something else' ;;
	esac
}
