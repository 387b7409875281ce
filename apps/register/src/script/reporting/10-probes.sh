# Running the probes: a few machine instructions of each guest that exit with PROBE_EXIT.

# Names of temporary folders: the process is number 1 in every container, so the time makes the difference.
read -r TAG _ </proc/uptime
TAG=$$.$TAG

# make_scratch GUEST...: sets SCRATCH, a new folder with their probes, if there is a place where they fit and can be run.
make_scratch() {
	for place in "${TMPDIR:-/tmp}" /tmp /var/tmp /run /dev/shm "$PWD"; do
		[ "${place#/}" != "$place" ] || continue # it must have the same name from another folder
		SCRATCH=$place/register.$TAG             # before it is there: a signal may come in between
		mkdir "$SCRATCH" 2>/dev/null || { SCRATCH='' && continue; }
		fill_scratch "$@" 2>/dev/null && "$SCRATCH/try" 2>/dev/null && return 0
		drop_scratch
	done
	return 1
}

# fill_scratch GUEST...: each probe, and a file for what is said when it is run. Spaces make the file as long as a page
# of any guest: QEMU 7.2 reads a shorter one into memory that it may write and not read, which an emulator around it refuses.
fill_scratch() {
	printf '#!/bin/sh\nexit 0\n' >"$SCRATCH/try" && chmod 755 "$SCRATCH/try" || return 1
	for guest; do
		probe_of "$guest"
		# shellcheck disable=SC2059 # the format is the program, in octal
		printf "$probe%16384s" '' >"$SCRATCH/$guest" && : >"$SCRATCH/$guest.said" || return 1
	done
	[ $# -eq 0 ] || (cd "$SCRATCH" && chmod 755 "$@")
}

drop_scratch() {
	rm -rf "$SCRATCH"
	SCRATCH=''
}

# run_probes GUEST...: runs their probes side by side and sets PASSED, PASSES, their number, and FAILED, lines with reasons.
# The folder is made the current one: where the kernel knows no such program, shells take it for a script.
run_probes() {
	PASSED='' PASSES=0 FAILED='' RUNNING='' limit=''
	make_scratch "$@" || return 1
	# They share the CPUs: on a slow machine, or where the emulators are emulated, each has to wait for all others.
	seconds=$((4 + $#))
	! command -v timeout >/dev/null || limit="timeout $seconds"
	cd "$SCRATCH" || return 1
	for guest; do
		$limit "./$guest" >/dev/null 2>"$guest.said" &
		RUNNING="$RUNNING $guest:$!"
	done
	for pair in $RUNNING; do
		judge "${pair%:*}" "${pair#*:}"
	done
	cd /
	drop_scratch
}

# judge GUEST PROCESS
judge() {
	wait "$2"
	code=$? said=''
	read -r said <"$1.said"
	case $code in
	"$PROBE_EXIT")
		PASSED="$PASSED $1" PASSES=$((PASSES + 1))
		return 0
		;;
	124 | 137 | 143) reason="did not end within $seconds s" ;;
	126 | 127) reason='could not be run' ;;
	*) reason="ended with exit code $code instead of $PROBE_EXIT" ;;
	esac
	FAILED="$FAILED$1 $reason${said:+ ($said)}$NEWLINE"
}

# runs GUEST: whether its programs run here, one way or another.
runs() {
	run_probes "$1" && [ -n "$PASSED" ]
}
