usage() {
	out '%s\n' \
		'Usage: register [--reset] [-p yes] [OPTION...]      register an emulator for every other CPU' \
		'       register --install all|LIST [--uninstall LIST]' \
		'       register --status|--verify|--doctor [--json]' \
		'       register /PATH/OF/PROGRAM [WORD...]             run that program' \
		'' \
		'Options of QEMU'\''s qemu-binfmt-conf.sh:' \
		'  -p, --persistent yes|no      the kernel keeps the emulator open: it works in every container (flag F)' \
		'  -c, --credential yes|no      set-user-ID programs get their rights; unsafe with foreign images (flags OC)' \
		'  -g, --preserve-argv0 yes|no  programs see the name they were called by (flag P)' \
		'  -i, --ignore-family yes|no   register a guest though the host is of its family' \
		"  -Q, --qemu-path PATH         folder of the emulators (${QEMU_BIN_DIR:-/usr/bin})" \
		"  -F, --qemu-suffix SUFFIX     ending of their names ($SUFFIX)" \
		'  -s, --systemd CPU|ALL        write binfmt.d files for systemd-binfmt.service, not to the kernel' \
		'  -d, --debian                 write templates for update-binfmts, not to the kernel' \
		'  -e, --exportdir PATH         where those files go (/etc/binfmt.d or /usr/share/binfmts)' \
		'  -h, --help                   this text' \
		'  --reset                      remove every qemu-* entry first' \
		'' \
		'Options of tonistiigi/binfmt:' \
		'  --install all|LIST           register guests with flags CFP: linux/arm64,arm/v7,riscv64' \
		'  --uninstall LIST             remove entries: platforms, guests, names or qemu-*' \
		'  --mount PATH                 binfmt_misc mount point (default: detected)' \
		'  --version' \
		'' \
		'Own options:' \
		'  --status                     what is registered' \
		'  --verify                     run a tiny program of every registered guest' \
		'  --doctor                     what works here, what does not, and what to do' \
		'  --json                       reports as JSON' \
		'  --dry-run                    print the lines, write nothing' \
		'  --persist ROOT               copy emulators and binfmt.d files into a mounted host' \
		'  --override                   register a guest though an entry of another program has its programs' \
		'' \
		'Environment: QEMU_BIN_DIR, PROC_PREFIX, HOST_ARCH (instead of uname -m);' \
		'QEMU_BINARY_PREFIX; with --install QEMU_BINARY_PATH, QEMU_PRESERVE_ARGV0.' \
		'' \
		'Guests:'
	# shellcheck disable=SC2086 # a list of words
	out ' %s' $GUESTS
	out '\n'
}
