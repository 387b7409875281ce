import { mkdirSync, readdirSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@qemu-user-static/debian-archive/testing';
import { describe, expect, test } from 'vitest';
import { formatLock, type Lock, type LockedPlatform, parseLock, readLock, writeLock } from './lock.ts';
import { lockedChannelOf } from './locked.ts';
import { lockOf } from './testing/lock.ts';

const lock = lockOf({
  stable: { 'linux/amd64': '10.0.13' },
  latest: { 'linux/arm64': '11.1.3', 'linux/amd64': '11.1.3' },
});

test('a lock is written with sorted keys and a newline at the end, and read back the same', async () => {
  const folder = await temporaryFolder();
  const path = join(folder, 'sources.lock.json');
  await writeLock(path, lock);
  const text = formatLock(lock);
  expect(text.indexOf('"latest"')).toBeLessThan(text.indexOf('"stable"'));
  expect(text.indexOf('"linux/amd64"')).toBeLessThan(text.indexOf('"linux/arm64"'));
  expect(text.endsWith('}\n')).toBe(true);
  expect(await readLock(path)).toEqual(lock);
  expect(readdirSync(folder)).toEqual(['sources.lock.json']);
});

test('a lock that is missing, no JSON, or of another form is refused', async () => {
  await expect(readLock('/nowhere/sources.lock.json')).rejects.toMatchObject({ code: 'LOCK_MISSING' });
  expect(() => parseLock('{')).toThrow(
    expect.objectContaining({ code: 'LOCK_INVALID', message: 'sources.lock.json is not JSON' }),
  );
  const text = formatLock(lock);
  expect(() => parseLock(text.replace('"schemaVersion": 4', '"schemaVersion": 3'))).toThrow('schemaVersion');
  expect(() => parseLock(text.replace('"size": 1', '"size": "1"'))).toThrow(
    'channels.latest.platforms.linux/amd64.emulators.size',
  );
  expect(() => parseLock(text.replace('pool/main', '/etc'))).toThrow('does not climb');
});

test('one changed character is refused, wherever it is', () => {
  const text = formatLock(lock);
  expect(parseLock(text)).toEqual(lock);
  for (let at = 0; at < text.length; at += 7) {
    const changed = `${text.slice(0, at)}${text[at] === '1' ? '2' : '1'}${text.slice(at + 1)}`;
    expect(() => parseLock(changed), changed.slice(at - 20, at + 20)).toThrow(
      expect.objectContaining({ code: 'LOCK_INVALID' }),
    );
  }
  for (const other of [`${text}\n`, text.trimEnd(), JSON.stringify(JSON.parse(text))]) {
    expect(() => parseLock(other)).toThrow('its checksum or form differs');
  }
});

describe('under a checksum that fits,', () => {
  /** The lock with other values in linux/amd64 of the channel latest, or in the Release. */
  const altered = (platform: Partial<LockedPlatform>, release: object = {}): Lock => {
    const { latest, stable } = structuredClone(lock).channels;
    const amd64 = latest?.platforms['linux/amd64'];
    if (latest === undefined || stable === undefined || amd64 === undefined) throw new Error('no channel');
    Object.assign(amd64, platform);
    Object.assign(latest.release, release);
    return { ...lock, channels: { latest, stable } };
  };
  const emulators = lock.channels.latest?.platforms['linux/amd64']?.emulators;
  if (emulators === undefined) throw new Error('no package');
  const sha256 = (hash: string) => altered({ emulators: { ...emulators, sha256: hash } });

  test.each([['11.1'], ['11.1.30'], ['11.2.0-rc1'], ['11.2.0-rc10']])('version %s is taken', (version) => {
    const written = altered({ version });
    expect(parseLock(formatLock(written))).toEqual(written);
  });

  test.each([
    // Versions are compared by three numbers.
    ['a version of four numbers', altered({ version: '11.1.3.1' }), 'version'],
    ['a version of one number', altered({ version: '11' }), 'version'],
    ['a version with a word before it', altered({ version: 'v11.1.3' }), 'version'],
    ['a version with a word behind it', altered({ version: '11.1.3-dirty' }), 'version'],
    ['a time with milliseconds', altered({ released: '2026-10-30T08:08:01.123Z' }), 'released'],
    ['a time of another zone', altered({ released: '2026-10-30T08:08:01+02:00' }), 'released'],
    ['a guest with a sign before it', altered({ guests: ['\u001barm'] }), 'guests.0'],
    ['a guest with a sign behind it', altered({ guests: ['arm\n'] }), 'guests.0'],
    ['a hash with a digit before it', sha256('0'.repeat(65)), 'emulators.sha256'],
    ['a hash with a letter behind it', sha256(`${'0'.repeat(64)}x`), 'emulators.sha256'],
    ['a fingerprint with a digit too many', altered({}, { signedBy: 'A'.repeat(41) }), 'release.signedBy'],
    ['a fingerprint with a letter before it', altered({}, { signedBy: `x${'A'.repeat(40)}` }), 'signedBy'],
    ['a fingerprint with a letter behind it', altered({}, { signedBy: `${'A'.repeat(40)}x` }), 'signedBy'],
  ])('%s is refused, by its place', (_, written, place) => {
    expect(() => parseLock(formatLock(written))).toThrow(
      expect.objectContaining({ code: 'LOCK_INVALID', message: expect.stringContaining(`${place}: `) }),
    );
  });
});

test('a channel that the lock lacks is named with those it has', () => {
  expect(() => lockedChannelOf(lock, 'beta')).toThrow(
    'no channel "beta" in the lock, which has stable, latest',
  );
});

test.each(['constructor', 'toString', '__proto__', 'hasOwnProperty', ''])('%j is not a channel', (name) => {
  expect(() => lockedChannelOf(lock, name)).toThrow(expect.objectContaining({ code: 'CHANNEL_UNKNOWN' }));
});

test('a channel cannot have the name of what every object has', () => {
  const named = { ...lock, channels: { constructor: lock.channels.latest } } as unknown as typeof lock;
  expect(() => parseLock(formatLock(named))).toThrow('channels.constructor');
});

test('a lock is replaced as a whole: who has it open reads the old one to its end', async () => {
  const path = join(await temporaryFolder(), 'sources.lock.json');
  await writeLock(path, lockOf({ stable: { 'linux/amd64': '10.0.13' } }));
  const old = await readFile(path, 'utf8');
  await using reader = await open(path);
  await writeLock(path, lock);
  expect(await reader.readFile('utf8')).toBe(old);
  expect(await readLock(path)).toEqual(lock);
});

test('a file that cannot be written leaves nothing behind', async () => {
  const folder = await temporaryFolder();
  // Its contents are written before its name turns out to be taken.
  mkdirSync(join(folder, 'sources.lock.json'));
  await expect(writeLock(join(folder, 'sources.lock.json'), lock)).rejects.toMatchObject({ code: 'EISDIR' });
  expect(readdirSync(folder, { recursive: true })).toEqual(['sources.lock.json']);
});
