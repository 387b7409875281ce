# Where binfmt_misc is, and whether it can be written.

# find_mount: sets MOUNT. A folder mounted on /binfmt_misc needs no capability.
find_mount() {
	[ -z "$MOUNT" ] || return 0
	MOUNT=${PROC_PREFIX:-}/proc/sys/fs/binfmt_misc
	[ -n "${PROC_PREFIX:-}" ] || [ ! -d /binfmt_misc ] || MOUNT=/binfmt_misc
}

# mount_of PATH: what is mounted there; empty if nothing is. busybox runs cut by itself, and reads
# a file with it much faster than line by line. sets: type options
mount_of() {
	type='' options=''
	in_octal "$1"
	mounts=$NEWLINE$(cut -d ' ' -f 2-4 /proc/self/mounts)
	case $mounts in
	*"$NEWLINE$octal "*)
		options=${mounts##*"$NEWLINE$octal "}
		options=${options%%"$NEWLINE"*}
		type=${options%% *} options=${options#* }
		;;
	esac
}

# in_octal PATH: the path as the kernel's list of mounts has it: white space and the backslash in octal. sets: octal
in_octal() {
	octal=$1
	case $1 in
	*[[:space:]\\]*) ;;
	*) return 0 ;;
	esac
	rest=$1 octal=''
	while [ -n "$rest" ]; do
		letter=${rest%"${rest#?}"} rest=${rest#?}
		case $letter in
		' ') letter='\040' ;;
		'	') letter='\011' ;;
		"$NEWLINE") letter='\012' ;;
		\\) letter='\134' ;;
		esac
		octal=$octal$letter
	done
}

# in_kernel: whether the kernel knows binfmt_misc by now: built in, or its module loaded.
in_kernel() {
	while read -r filesystem name; do
		[ "${name:-$filesystem}" != binfmt_misc ] || return 0
	done </proc/filesystems
	return 1
}

# in_user_namespace: whether root here is not the machine's root. https://man7.org/linux/man-pages/man7/user_namespaces.7.html
in_user_namespace() {
	read -r inside outside length </proc/self/uid_map
	[ "$inside $outside $length" != '0 0 4294967295' ]
}

can_write() {
	{ true >>"$1"; } 2>/dev/null
}

# kernel_before MAJOR MINOR
kernel_before() {
	major=${KERNEL%%.*} minor=${KERNEL#*.}
	minor=${minor%%[!0-9]*}
	[ "$major" -lt "$1" ] || { [ "$major" -eq "$1" ] && [ "$minor" -lt "$2" ]; }
}

# is_mounted: whether MOUNT is the kernel's table. Its file system says so: any folder can have files of the same names. A
# path with links is replaced by the folder's own, since links may change.
is_mounted() {
	[ -e "$MOUNT/register" ] || return 1
	mount_of "$MOUNT"
	[ "$type" != binfmt_misc ] || return 0
	place=$(cd -P "$MOUNT" && pwd -P) || return 1
	mount_of "$place"
	[ "$type" = binfmt_misc ] && MOUNT=$place
}

# has_files FOLDER
has_files() {
	found=no
	set +f
	for file in "$1"/*; do
		[ ! -e "$file" ] || found=yes
	done
	set -f
	[ "$found" = yes ]
}

# mounted: makes sure that binfmt_misc is there to be read.
mounted() {
	find_mount
	! is_mounted || return 0
	remedy="Run the container with -v /proc/sys/fs/binfmt_misc:$MOUNT"
	[ -d "$MOUNT" ] || [ "$MOUNT" = /proc/sys/fs/binfmt_misc ] ||
		fail BINFMT_NOT_MOUNTED "there is no folder $MOUNT" "$remedy"
	[ -d "$MOUNT" ] || fail BINFMT_MISSING 'the kernel has no /proc/sys/fs/binfmt_misc'
	mount_of "$MOUNT"
	[ "$type" != autofs ] || fail AUTOFS_NOT_TRIGGERED "$MOUNT is an automount that has not mounted binfmt_misc"
	! has_files "$MOUNT" || fail BINFMT_NOT_MOUNTED "$MOUNT is not binfmt_misc: other files are in it" "$remedy"
	! in_user_namespace || fail USER_NAMESPACE "what this user namespace mounts on $MOUNT ends with it"
	mount_it
}

mount_it() {
	why=$(mount -t binfmt_misc binfmt_misc "$MOUNT" 2>&1) && MOUNTED=yes && return 0
	why=${why%%"$NEWLINE"*} # util-linux adds a line of advice
	in_kernel || fail BINFMT_MISSING "this kernel has no binfmt_misc"
	case $MOUNT in
	/proc/sys/fs/binfmt_misc) remedy='' ;;
	*) remedy_of BINFMT_HOST_UNMOUNTED ;; # the volume is there, and on the host there was nothing to put on it
	esac
	fail BINFMT_NOT_MOUNTED "binfmt_misc is not mounted on $MOUNT, and cannot be mounted from here: ${why##*: }" "$remedy"
}

# writable: makes sure that entries can be written, work, and outlive this program.
writable() {
	mounted
	can_write "$MOUNT/register" || why_not_writable
	read -r status <"$MOUNT/status"
	[ "$status" = enabled ] || fail BINFMT_OFF "binfmt_misc is switched off: $MOUNT/status says \"$status\""
	! in_user_namespace ||
		say 'Warning: these entries exist only in this user namespace and disappear with it.'
}

why_not_writable() {
	mount_of "$MOUNT"
	case ,$options, in
	*,ro,*) fail BINFMT_READ_ONLY "$MOUNT is mounted read-only" ;;
	esac
	! in_user_namespace || fail USER_NAMESPACE "$MOUNT belongs to the host's root, and root here is not it"
	fail BINFMT_NO_PERMISSION "$MOUNT/register is not writable for this user"
}

# host_holds: whether something but this program keeps binfmt_misc mounted. Since Linux 6.7 the entries end with the
# last mount: where a container mounted it and the host has not, they would end with the container. So the lock,
# an entry too, must survive being unmounted. On the machine itself the mount made here stays.
host_holds() {
	[ "$MOUNTED" = yes ] && ! on_machine || return 0
	umount "$MOUNT" && mount -t binfmt_misc binfmt_misc "$MOUNT" && [ -e "$MOUNT/$LOCK" ]
}

# on_machine: no container: the machine's first process shares our mounts. The kernel fixes the first namespace's number
# (PROC_PID_INIT_INO, include/linux/proc_ns.h).
on_machine() {
	[ "$(readlink /proc/self/ns/pid)" = 'pid:[4026531836]' ] &&
		[ "$(readlink /proc/1/ns/mnt)" = "$(readlink /proc/self/ns/mnt)" ]
}
