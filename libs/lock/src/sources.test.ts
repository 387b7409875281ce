import { expect, test } from 'vitest';
import { parseSources } from './sources.ts';

test.each(['', '{', '\u0000{}', 'null', '[]', '{"origin":"Debian","channels":[]}'])(
  '%j is refused with a code',
  (text) => {
    expect(() => parseSources(text)).toThrow(expect.objectContaining({ code: 'SOURCES_INVALID' }));
  },
);

test('guests from a channel with the name of what every object has are refused with a code', () => {
  const channel = {
    suite: 'unstable',
    codename: 'sid',
    emulators: { package: 'qemu-user', files: 'usr/bin/qemu-{guest}' },
    shell: { package: 'busybox-static', files: 'usr/bin/busybox' },
    platforms: ['linux/amd64'],
    guestsFrom: { 'linux/amd64': ['constructor'] },
  };
  const text = JSON.stringify({ origin: 'Debian', channels: { latest: channel } });
  expect(() => parseSources(text)).toThrow(expect.objectContaining({ code: 'SOURCES_INVALID' }));
});
