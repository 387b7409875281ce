set -uf
umask 022
LC_ALL=C
export LC_ALL

NEWLINE='
'
WHITESPACE=" 	$NEWLINE"

FOLDERS='' # those that are gone at the end
