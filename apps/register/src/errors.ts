import type { ErrorCatalogue } from '@qemu-user-static/errors';

/**
 * Everything the register script can end in. The script prints code and remedy from here; exit code 2 for
 * a command line that cannot be meant so, 1 for all others.
 */
export const REGISTER_ERRORS = {
  OPTION_UNKNOWN: {
    meaning: 'An option of the register script is not known, or is the beginning of several.',
    remedy: 'See --help for the options.',
  },
  OPTIONS_CONTRADICT: {
    meaning: 'Two options of the register script cannot be meant together.',
    remedy: 'Give one of them, and the other in a call of its own.',
  },
  VALUE_MISSING: {
    meaning: 'An option of the register script was given without its value.',
    remedy: 'Write the value behind the option: -p yes, --qemu-path=/usr/bin.',
  },
  VALUE_BAD: {
    meaning: 'An option of the register script was given a value it cannot take.',
    remedy: 'See --help for what the option takes.',
  },
  GUEST_UNKNOWN: {
    meaning: 'A name given to the register script is no guest and no platform.',
    remedy:
      'See the end of --help for the guests. The names of OCI (linux/arm64), Debian, Go and uname are understood too.',
  },
  ENTRY_FOREIGN: {
    meaning: '--uninstall names an entry that does not begin with qemu-.',
    remedy: 'The register script never touches the entries of other programs: remove it with what made it.',
  },
  HOST_UNKNOWN: {
    meaning: 'What uname -m (or HOST_ARCH) says is no CPU of the table.',
    remedy: 'Set HOST_ARCH to the guest that is nearest to this machine, such as HOST_ARCH=aarch64.',
  },
  GUEST_IS_HOST: {
    meaning:
      'A guest was asked for by name that this machine runs without an emulator, or that is of its family.',
    remedy:
      'Leave it out. --ignore-family yes takes guests of the family of the host, if it does not run them itself.',
  },
  IMAGE_FOREIGN: {
    meaning:
      'The image is of another CPU than the machine, and runs on one of the emulators that it is asked to register.',
    remedy: 'Use the image of this machine: docker pull it again without --platform.',
  },
  INTERPRETERS_NONE: {
    meaning: 'Flag F needs the emulators at registration, and the image has none.',
    remedy:
      'Use an image with emulators (not :register), mount them at --qemu-path, or leave out -p yes and put an emulator into each container.',
  },
  INTERPRETER_MISSING: {
    meaning: 'The emulator of a guest is not where its entry says.',
    remedy: 'Use an image that has it, or say where it is with --qemu-path and --qemu-suffix.',
  },
  INTERPRETER_FORBIDDEN: {
    meaning: 'The kernel is not allowed to open an emulator.',
    remedy:
      'Make the file executable, on a file system that is not mounted noexec; see the audit log if SELinux or AppArmor is at work.',
  },
  BINFMT_MISSING: {
    meaning: 'The kernel has no binfmt_misc, or its module is not loaded.',
    remedy: 'On the host: modprobe binfmt_misc. If there is no such module, the kernel was built without it.',
  },
  BINFMT_NOT_MOUNTED: {
    meaning: 'binfmt_misc is not mounted where the script looks, and it may not mount it.',
    remedy: 'Run the container with -v /proc/sys/fs/binfmt_misc:/binfmt_misc, or with --privileged.',
  },
  BINFMT_HOST_UNMOUNTED: {
    meaning:
      'Nothing but this container has binfmt_misc mounted, so that since Linux 6.7 the entries would end with it.',
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
    meaning: 'binfmt_misc is mounted and switched off as a whole, so that no entry works.',
    remedy: 'On the host, as root: echo 1 > /proc/sys/fs/binfmt_misc/status',
  },
  AUTOFS_NOT_TRIGGERED: {
    meaning: 'An automount stands where binfmt_misc should be, and has not mounted it.',
    remedy: 'On the host: ls /proc/sys/fs/binfmt_misc/ (it mounts when looked at), then run this again.',
  },
  USER_NAMESPACE: {
    meaning:
      'Root of a user namespace (rootless Docker or Podman) is not root of the machine: its entries end with the namespace.',
    remedy: 'Run it once as root of the machine: sudo podman run ..., sudo docker run ...',
  },
  KERNEL_TOO_OLD: {
    meaning: 'The kernel does not have what an option asks for.',
    remedy: 'Leave the option out (-p needs Linux 4.8, -g needs 5.12), or use a newer kernel.',
  },
  ENTRY_DIFFERS: {
    meaning:
      'An entry of the same name is registered with another interpreter, other flags, or is switched off.',
    remedy: 'Add --reset to remove all qemu-* entries first, or --uninstall the one.',
  },
  NAME_TAKEN: {
    meaning: 'Something else registered an entry of the same name while the script was at work.',
    remedy: 'Run it again with --reset, when nothing else registers.',
  },
  REFUSED: {
    meaning: 'The kernel refuses an entry for a reason of its own.',
    remedy: 'Run with --doctor, and see the log of the kernel (dmesg).',
  },
  NOT_KEPT: {
    meaning: 'An entry was written without an error, and is not there or reads otherwise.',
    remedy:
      'Something else changes entries too (systemd-binfmt, another container): run it again when that has ended.',
  },
  BUSY: {
    meaning: 'Another call of the script has been changing entries for long.',
    remedy: 'Wait for it to end. If there is none: echo -1 > /proc/sys/fs/binfmt_misc/qemu-register-lock',
  },
  ROLLBACK_INCOMPLETE: {
    meaning: 'After a failure, entries that had been removed could not be put back.',
    remedy: 'On the host: systemctl restart systemd-binfmt, or run again what made them.',
  },
  EXPORT_FAILED: {
    meaning: 'Files could not be written where --exportdir or --persist says.',
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
      'Run with --doctor; --reset -p yes registers the emulators of this image in place of what is there.',
  },
  VERIFY_NO_ROOM: {
    meaning: '--verify needs a folder for its programs, and all are read-only, full, or mounted noexec.',
    remedy: 'Give the container one: --tmpfs /tmp:exec, or a volume on /tmp.',
  },
  OUTPUT_FAILED: {
    meaning: 'The register script could not write its results to stdout.',
    remedy: 'Let stdout go where there is room: the disk may be full.',
  },
  PROGRAM_MISSING: {
    meaning: 'A program that the register script cannot do without is missing, or does not work.',
    remedy: "Install the system's basic programs (coreutils or busybox), or use the image, which has all.",
  },
  CLASH: {
    meaning: 'Two entries claim the same programs.',
    remedy: 'Remove the one that is not wanted: echo -1 > /proc/sys/fs/binfmt_misc/NAME',
  },
} as const satisfies ErrorCatalogue;
