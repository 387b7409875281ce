/** Sid, for linux/amd64, as sources.json has a channel. */
export const SID = {
  suite: 'unstable',
  codename: 'sid',
  emulators: { package: 'qemu-user', files: 'usr/bin/qemu-{guest}' },
  shell: { package: 'busybox-static', files: 'usr/bin/busybox' },
  platforms: ['linux/amd64'],
};
