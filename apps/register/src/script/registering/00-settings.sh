# shellcheck disable=SC2317,SC2329 # functions are called by the names that `table` and its like are given
set -uf
EDITION=@EDITION@
umask 022
LC_ALL=C
export LC_ALL

NEWLINE='
'
WHITESPACE=" 	$NEWLINE"

FOLDERS='' # those that are gone at the end
