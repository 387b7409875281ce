# shellcheck disable=SC2317,SC2329 # functions are called by the names that `table` and its like are given
set -uf
EDITION=@EDITION@
umask 022
LC_ALL=C
export LC_ALL

# busybox finds an applet by the name it is called by, which an emulator without flag P does not tell. So in the image of
# another CPU, where no applet is found, each is asked for by an argument.
if [ -x /bin/busybox ] && ! uname -s >/dev/null 2>&1; then
	for APPLET in chmod cp cut head mkdir mount mv od readlink rm rmdir sleep umount uname; do
		eval "$APPLET() { /bin/busybox $APPLET \"\$@\"; }"
	done
fi

NEWLINE='
'
WHITESPACE=" 	$NEWLINE"

FOLDERS='' # those that are gone at the end
