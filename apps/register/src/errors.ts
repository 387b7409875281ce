import type { ErrorCatalogue } from '@qemu-user-static/errors';

/**
 * Every error of the register script. The script prints code and remedy from here; exit code 2 for a command line that
 * makes no sense, 1 for all others.
 */
export const REGISTER_ERRORS = {
  OPTION_UNKNOWN: {
    meaning: 'An option of the register script is not known, or is the beginning of several.',
    remedy: 'See --help for the options.',
  },
  OPTIONS_CONTRADICT: {
    meaning: 'Two options of the register script exclude each other.',
    remedy: 'Give one of them; run the other in a second call.',
  },
  VALUE_MISSING: {
    meaning: 'An option of the register script was given without its value.',
    remedy: 'Give the value after the option: -p yes, --qemu-path=/usr/bin.',
  },
  VALUE_BAD: {
    meaning: 'An option of the register script was given a value it cannot take.',
    remedy: 'See --help for what the option takes.',
  },
  GUEST_UNKNOWN: {
    meaning: 'A name given to the register script is neither a guest nor a platform.',
    remedy:
      'Run register --help: it ends with the guests. Names of OCI (linux/arm64), Debian, Go and uname work too.',
  },
  ENTRY_FOREIGN: {
    meaning: '--uninstall names an entry that does not begin with qemu-.',
    remedy:
      'Entries of other programs are never changed; remove it with the program that created it, or with echo -1 > /proc/sys/fs/binfmt_misc/NAME',
  },
  HOST_UNKNOWN: {
    meaning: 'The CPU that uname -m prints (or HOST_ARCH names) is not in the table.',
    remedy: 'Set HOST_ARCH to the guest that is closest to this machine: -e HOST_ARCH=aarch64',
  },
  GUEST_IS_HOST: {
    meaning:
      'A guest was asked for by name that this machine runs without an emulator, or that is of its family.',
    remedy:
      'Remove it from the list, or add --ignore-family yes if this machine does not run those programs itself.',
  },
  IMAGE_FOREIGN: {
    meaning:
      'The image is for another CPU than the machine has, and runs on one of the emulators that it should register.',
    remedy: 'Use the image for this machine: run docker pull IMAGE again, without --platform.',
  },
  INTERPRETERS_NONE: {
    meaning: 'Flag F needs the emulators at registration, and the image has none.',
    remedy:
      'Use an image with emulators (not :register), mount them at --qemu-path, or omit -p yes and put an emulator into each container.',
  },
  INTERPRETER_MISSING: {
    meaning: 'The emulator of a guest is not where its entry says.',
    remedy: 'Use an image that has it, or name its place: --qemu-path /usr/bin --qemu-suffix -static',
  },
  INTERPRETER_FORBIDDEN: {
    meaning: 'The kernel is not allowed to open an emulator.',
    remedy:
      'Make the file executable (chmod +x), on a file system that is not mounted noexec; if SELinux or AppArmor is enabled, read the audit log.',
  },
  BINFMT_MISSING: {
    meaning: 'The kernel has no binfmt_misc, or its module is not loaded.',
    remedy:
      'On the host: modprobe binfmt_misc. If it has no such module, use a kernel with CONFIG_BINFMT_MISC.',
  },
  BINFMT_NOT_MOUNTED: {
    meaning: 'binfmt_misc is not mounted where the script looks, and the script may not mount it.',
    remedy: 'Run the container with -v /proc/sys/fs/binfmt_misc:/binfmt_misc, or with --privileged.',
  },
  BINFMT_HOST_UNMOUNTED: {
    meaning:
      'Only this container has binfmt_misc mounted. Since Linux 6.7 the entries would disappear with it.',
    remedy: 'On the host: mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc, then run this again.',
  },
  BINFMT_READ_ONLY: {
    meaning: 'binfmt_misc is mounted read-only.',
    remedy:
      'Run the container with -v /proc/sys/fs/binfmt_misc:/binfmt_misc (without :ro), or with --privileged.',
  },
  BINFMT_NO_PERMISSION: {
    meaning: 'The user may not write to binfmt_misc.',
    remedy: 'Run as root: sudo docker run ..., without --user.',
  },
  BINFMT_OFF: {
    meaning: 'binfmt_misc is mounted but switched off as a whole, so that no entry works.',
    remedy: 'On the host, as root: echo 1 > /proc/sys/fs/binfmt_misc/status',
  },
  AUTOFS_NOT_TRIGGERED: {
    meaning: 'The mount point of binfmt_misc is an automount that has not been triggered.',
    remedy: 'On the host: ls /proc/sys/fs/binfmt_misc/ (which triggers it), then run this again.',
  },
  USER_NAMESPACE: {
    meaning:
      'Root of a user namespace (rootless Docker or Podman) is not root of the machine: its entries disappear with the namespace.',
    remedy: 'Run it once as root of the machine: sudo podman run ..., sudo docker run ...',
  },
  KERNEL_TOO_OLD: {
    meaning: 'The kernel does not support an option.',
    remedy: 'Omit the option (-p needs Linux 4.8, -g needs 5.12), or use a newer kernel.',
  },
  ENTRY_DIFFERS: {
    meaning:
      'A registered entry works, but lacks a flag or a path that an option asks for; or it is switched off.',
    remedy: 'Add --reset to replace all qemu-* entries, or replace one: --uninstall GUEST --install GUEST',
  },
  ENTRY_NOT_HELD: {
    meaning: 'An entry has no flag F: each container needs the emulator under the path that the entry names.',
    remedy: 'Register with flag F: --reset -p yes',
  },
  NAME_TAKEN: {
    meaning: 'Another program registered an entry of the same name at the same time.',
    remedy: 'Run it again with --reset when no other program registers entries.',
  },
  REFUSED: {
    meaning: 'The kernel refuses an entry for a reason of its own.',
    remedy: 'Run with --doctor, and read the log of the kernel: dmesg',
  },
  NOT_KEPT: {
    meaning: 'An entry was registered without an error, but has disappeared or differs.',
    remedy:
      'Another program changes entries too (systemd-binfmt, another container): run this again when it has ended.',
  },
  BUSY: {
    meaning: 'Another call of the script has been changing entries for a long time.',
    remedy:
      'Wait for it to end. If no other call runs: echo -1 > /proc/sys/fs/binfmt_misc/qemu-register-lock',
  },
  ROLLBACK_INCOMPLETE: {
    meaning: 'After a failure, entries that had been removed could not be put back.',
    remedy: 'On the host: systemctl restart systemd-binfmt, or run the program that created them again.',
  },
  EXPORT_FAILED: {
    meaning: 'Files could not be written to the folder of --exportdir or --persist.',
    remedy:
      'Mount the folder of the host into the container: -v /etc/binfmt.d:/etc/binfmt.d, or name another with --exportdir.',
  },
  VERIFY_NONE: {
    meaning: '--verify found no guest registered.',
    remedy: 'Register first: --reset -p yes, or --install all.',
  },
  VERIFY_FAILED: {
    meaning: 'A program of a registered guest did not run.',
    remedy:
      'Replace the entries by those of this image: --reset -p yes. If that does not help, run with --doctor.',
  },
  VERIFY_NO_ROOM: {
    meaning: '--verify needs a folder for its programs, but all are read-only, full, or mounted noexec.',
    remedy: 'Add --tmpfs /tmp:exec to docker run.',
  },
  OUTPUT_FAILED: {
    meaning: 'The register script could not write its results to stdout.',
    remedy: 'Redirect stdout to a disk that is not full.',
  },
  PROGRAM_MISSING: {
    meaning: 'A program that the register script needs is missing, or does not work.',
    remedy:
      "Install the system's basic programs (coreutils or busybox), or use the image, which contains them.",
  },
  CLASH: {
    meaning: 'Two entries claim the same programs.',
    remedy: 'Remove the one you do not want: echo -1 > /proc/sys/fs/binfmt_misc/NAME',
  },
} as const satisfies ErrorCatalogue;
