# shellcheck disable=SC2317,SC2329 # functions are called by the names that `table` and its like are given
set -uf
EDITION=@EDITION@
umask 022
LC_ALL=C
export LC_ALL

# Where there is nothing but busybox, as in the images, applets are asked for by an argument: under an emulator without
# flag P (the image of another CPU) busybox does not learn the name it is called by. cut and head it runs by itself.
if [ -x /bin/busybox ] && [ ! -e /bin/uname ] && [ ! -e /usr/bin/uname ]; then
	for APPLET in chmod cp dd mkdir mount mv od readlink rm rmdir sleep timeout tr umount uname; do
		eval "$APPLET() { /bin/busybox $APPLET \"\$@\"; }"
	done
fi

NEWLINE='
'
WHITESPACE=" 	$NEWLINE"

STAGE='' SCRATCH='' # folders that are gone at the end
