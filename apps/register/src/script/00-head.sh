set -uf
umask 022
LC_ALL=C
export LC_ALL

NEWLINE='
'
WHITESPACE=" 	$NEWLINE"
