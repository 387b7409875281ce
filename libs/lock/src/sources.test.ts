import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@qemu-user-static/debian-archive/testing';
import { describe, expect, test } from 'vitest';
import { parseSources, readSources } from './sources.ts';
import { SID } from './testing/channel.ts';

test.each(['', '{', '\u0000{}', 'null', '[]', '{"origin":"Debian","channels":[]}'])(
  '%j is refused with a code',
  (text) => {
    expect(() => parseSources(text)).toThrow(expect.objectContaining({ code: 'SOURCES_INVALID' }));
  },
);

const textWith = (change: object, ofChannel: object = {}) =>
  JSON.stringify({ origin: 'Debian', channels: { latest: { ...SID, ...ofChannel } }, ...change });

test('guests from a channel with the name of what every object has are refused with a code', () => {
  const text = textWith({}, { guestsFrom: { 'linux/amd64': ['constructor'] } });
  expect(() => parseSources(text)).toThrow(expect.objectContaining({ code: 'SOURCES_INVALID' }));
});

test('without `common` and `guestsFrom` there are none', () => {
  const { common, channels } = parseSources(textWith({}));
  expect([common, channels.latest?.guestsFrom]).toEqual([[], {}]);
});

test.each<[string, string, string]>([
  ['a guest twice in common', textWith({ common: ['arm', 'arm'] }), 'common: a guest is named twice'],
  ['a guest that QEMU lacks', textWith({ common: ['z80'] }), 'common.0'],
  [
    'a guest that another’s emulator runs',
    textWith({ common: ['arm', 'i486'] }),
    'common: a guest has no emulator of its own',
  ],
  ['another origin', textWith({ origin: 'Ubuntu' }), 'origin'],
  ['a mirror that is no address', textWith({ mirror: 'foo' }), 'mirror'],
  ['a field that nobody reads', textWith({ chanels: {} }), 'chanels'],
  ['a text that is not JSON', '{', 'sources.json is not JSON'],
  ['a channel in capitals', textWith({ channels: { Latest: SID } }), 'Latest'],
  ['a channel with a hyphen', textWith({ channels: { 'latest-x': SID } }), 'channels.latest-x'],
  ['no platform', textWith({}, { platforms: [] }), 'channels.latest.platforms'],
  ['an unknown platform', textWith({}, { platforms: ['linux/z80'] }), 'channels.latest.platforms.0'],
  ['an empty suite', textWith({}, { suite: '' }), 'channels.latest.suite'],
  [
    'a path that climbs',
    textWith({}, { shell: { package: 'b', files: 'usr/../etc/shadow' } }),
    'channels.latest.shell.files: a path inside a package is relative and does not climb',
  ],
  [
    'a path from the root',
    textWith({}, { shell: { package: 'b', files: '/usr/bin/busybox' } }),
    'channels.latest.shell.files: a path inside a package is relative and does not climb',
  ],
  [
    'a path of two lines',
    textWith({}, { shell: { package: 'b', files: 'usr/bin/busybox\n../shadow' } }),
    'channels.latest.shell.files: a path inside a package is relative and does not climb',
  ],
])('%s is refused, by its place', (_, text, place) => {
  expect(() => parseSources(text)).toThrow(expect.objectContaining({ code: 'SOURCES_INVALID' }));
  expect(() => parseSources(text)).toThrow(place);
});

describe('a file', () => {
  const fileOf = async (text: string) => {
    const path = join(await temporaryFolder(), 'sources.json');
    await writeFile(path, text);
    return path;
  };

  test('is read', async () => {
    expect(await readSources(await fileOf(textWith({})))).toEqual(parseSources(textWith({})));
  });

  test.each([
    ['that is not there', async () => join(await temporaryFolder(), 'none.json'), 'none.json cannot be read'],
    ['with a wrong field', () => fileOf(textWith({ origin: 'Ubuntu' })), 'sources.json: origin: '],
  ])('%s is refused with a code', async (_, make, message) => {
    await expect(readSources(await make())).rejects.toMatchObject({
      code: 'SOURCES_INVALID',
      message: expect.stringContaining(message),
    });
  });
});
