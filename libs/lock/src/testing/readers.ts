import { formatLock, parseLock, parseSources } from '../index.ts';
import type { Lock } from '../lock.ts';
import { SID } from './channel.ts';
import { lockOf } from './lock.ts';

const LOCK = lockOf({ latest: { 'linux/amd64': '11.1.3', 'linux/arm/v7': '10.2.2' } });
const SOURCES = {
  origin: 'Debian',
  channels: {
    latest: {
      ...SID,
      platforms: ['linux/amd64', 'linux/arm/v7'],
      guestsFrom: { 'linux/arm/v7': ['oldstable'] },
    },
    oldstable: {
      suite: 'oldstable',
      codename: 'bookworm',
      emulators: { package: 'qemu-user-static', files: 'usr/bin/qemu-{guest}-static' },
      shell: { package: 'busybox-static', files: 'usr/bin/busybox' },
      platforms: ['linux/arm/v7'],
    },
  },
};

/** Readers of the lock and of sources.json, with documents that they take. */
export function readers() {
  return [
    { name: 'lock', samples: [formatLock(LOCK)], read: (text: string) => parseLock(text) },
    {
      // Under a checksum that fits, as somebody would who hides a change.
      name: 'lock-contents',
      samples: [LOCK],
      read: (text: string) => {
        const written = formatLock(JSON.parse(text) as Lock);
        const lock = parseLock(written);
        if (formatLock(lock) !== written) throw new Error('it is not read as it was written');
      },
    },
    {
      name: 'sources',
      samples: [SOURCES, JSON.stringify(SOURCES)],
      read: (text: string) => parseSources(text),
    },
  ];
}
