# version: with each version of the emulators.
version() {
	shown=''
	read_versions
	each_version shown_version
	out 'register/%s%s\n' "$EDITION" "${shown:- qemu/none}"
}

shown_version() {
	shown="$shown qemu/$1"
}

# The calls that did not end above: changes first, then the report.
case $REPORT:$ASKED:$WRITE in
usage:* | version:*) ;;
:* | *:yes:* | *:systemd | *:debian | *:persist) change ;;
esac
[ -z "$REPORT" ] || "$REPORT"
succeed
