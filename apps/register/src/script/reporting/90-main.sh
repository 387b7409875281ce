# version: that of the emulators, which print it: "qemu-arm version 11.1.3 (Debian ...)".
version() {
	version=none
	set +f
	for emulator in "$EMULATORS/$OURS"*"$SUFFIX"; do
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
	out 'register/%s qemu/%s\n' "$EDITION" "$version"
}

# The calls that did not end above: changes first, then the report.
case $REPORT:$ASKED:$WRITE in
usage:* | version:*) ;;
:* | *:yes:* | *:systemd | *:debian | *:persist) change ;;
esac
[ -z "$REPORT" ] || "$REPORT"
succeed
