set -uf
umask 022
LC_ALL=C
export LC_ALL

NEWLINE='
'
WHITESPACE=" 	$NEWLINE"

# Names of temporary folders: the process is number 1 in every container, so the time makes the difference.
read -r TAG _ </proc/uptime
TAG=$$.$TAG

FOLDERS='' # those that are gone at the end
