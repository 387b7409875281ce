# shellcheck disable=SC2317,SC2329 # functions are called by the names that `table` and its like are given
# Images of this kind had no entry point before: a first argument that is the path of a program is that program's call.
case ${1-} in
/*) [ ! -f "$1" ] || [ ! -x "$1" ] || exec "$@" ;;
esac

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

# The state of a call: every name in capitals, and what it means. A function that sets other variables for its caller
# names them in its comment, after "sets:".

# The options, set by `parse` and completed by `settle`
WRITE=kernel     # or what is written in its place: systemd, debian, persist
REPORT=''        # what stdout ends with: status, verify, doctor, version, usage, platforms
JSON=no DRY_RUN=no RESET=no OVERRIDE=no IGNORE_FAMILY=no
ASKED=no         # whether a change was asked for, and not only a report
INSTALL='' UNINSTALL=''                # lists with commas; not empty where the option was given
CPU=ALL                                # one guest, by --systemd
PERSISTENT='' CREDENTIAL='' PRESERVE='' # flags F, C and P: yes or no
WANT_F='' WANT_C='' WANT_P=''          # the same where the caller asked by name, or empty
WANT_PATH=no                           # whether the caller named the emulators' files
SUFFIX=-static OURS=qemu-              # emulators are QEMU_PATH/OURS<guest>SUFFIX, entries OURS<guest>
EXPORTDIR='' MOUNT=''
unset QEMU_PATH HOST_ROOT              # empty is the root folder
EMULATORS='' NEEDS_EMULATOR=no         # where they are now, and whether they must be there
FLAGS='' FLAGS_SHOWN=''                # as the kernel takes them, and as it shows them

# QEMU's options may be cut short, as getopt allows.
QEMU_OPTIONS='--debian --systemd --qemu-path --qemu-suffix --exportdir --help --credential --persistent --preserve-argv0'
QEMU_OPTIONS="$QEMU_OPTIONS --ignore-family"
OWN_OPTIONS='--reset --install --uninstall --mount --persist --version --status --verify --doctor --json --dry-run --override'

# The machine
HOST='' FAMILY='' KERNEL=''            # its CPU, that one's family, the release of its kernel
OWN=''                                 # the CPU of this shell
MOUNTED=no                             # whether this call mounted binfmt_misc
LOCK=qemu-register-lock BREAKER=qemu-register-break LOCKED=no
FUTURE=''                              # locks from the future: name, time, and when they were first seen

# The table, as `survey` found it
ENTRIES=''                             # names of QEMU's entries
OTHERS=no                              # whether there are entries of others
SEEN=$NEWLINE                          # a record an entry, as `each_entry` reads them
CLAIMANTS=''                           # records of entries for ELF programs that are not named after a guest

# The plan, and what became of it
NAMED=''                               # guests asked for by name; none means all
CHOSEN='' FOUND=no PASSED_OVER=''      # guests to be had; whether there is one; those left out for their family
TO_ADD='' TO_REMOVE='' SAME='' DIFFERENT=''
NOTES=''                               # lines about entries that were kept, replaced or left out
BEGUN=no CHANGING=no REMOVED='' ADDED='' SHOWN='' DONE='' LOST='' PENDING=''
OUTPUT_LOST=no                         # whether a result could not be written
FAIL_CODE='' FAIL_TEXT='' FAIL_REMEDY='' # the error that ends the call
ON_FAILURE=complain                    # the command that reports it
STAGE='' SCRATCH=''                    # folders that are removed at the end
EACH='' TO_TRY='' TRIED=no BEFORE=''   # the command for each chosen guest; guests whose entries are tried; SEEN kept aside

# Reports
HELD=no                                # whether the kernel holds an emulator already
TAG=$$                                 # makes names of temporary folders unique
PASSED='' PASSES=0 FAILED='' RUNNING='' # what the probes showed, their number, lines with reasons, processes
ENABLED='' HELD_OPEN='' NOT_HELD=''    # entries that are switched on; those with flag F, and guests of those without
PLATFORM_GUESTS='' SUPPORTED=''        # guests to be tried for the status, and platforms that run
SWITCHED_ON='' SWITCHED_OFF='' BROKEN='' FAILURES=0 # of --verify
SICK='' WORKING=0 OF_FAMILY=''         # of --doctor: the first thing that is bad, entries that look good, guests not counted
VERSIONS=''                            # pairs of guest and QEMU's version, of the emulators that are here
FILES=''                               # emulators that --persist copies
