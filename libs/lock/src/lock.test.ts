import { mkdirSync, readdirSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@qemu-user-static/debian-archive/testing';
import { expect, test } from 'vitest';
import { formatLock, parseLock, readLock, writeLock } from './lock.ts';
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
  expect(() => parseLock('{')).toThrow(expect.objectContaining({ code: 'LOCK_INVALID' }));
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
