import type { Lock } from '@qemu-user-static/lock';
import { lockOf } from '@qemu-user-static/lock/testing';
import { describe, expect, test } from 'vitest';
import { markerFor, withDatesOf } from './same-proposal.ts';

/** A lock as a test changes it. */
// biome-ignore lint/suspicious/noExplicitAny: a test puts anything anywhere
type Draft = any;

const recipe = { template: 'FROM scratch\n', script: '#!/bin/sh\n' };

function made(change: (lock: Draft) => void = () => undefined): Lock {
  const lock: Draft = lockOf({
    latest: { 'linux/amd64': '11.1.3', 'linux/arm64': '11.1.3' },
    stable: { 'linux/amd64': '10.0.11' },
  });
  const files = [{ path: 'pool/main/q/qemu/qemu.dsc', size: 1, sha256: 'd'.repeat(64) }];
  lock.sources['qemu-user 1:11.1.3+ds-1'] = { licenses: ['GPL-2'], files };
  lock.rebuilds['11.1.3'] = { number: 1, inputs: 'a'.repeat(64) };
  // The Release in it is that of every test.
  lock.channels = structuredClone(lock.channels);
  change(lock);
  return lock;
}

const releaseOf = ({ channels }: Draft, name = 'latest') => channels[name].release;
const platformOf = ({ channels }: Draft) => channels.latest.platforms['linux/arm64'];

describe('a proposal is another one', () => {
  test.each<[string, (lock: Draft) => void]>([
    ['package', (lock) => Object.assign(platformOf(lock).emulators, { sha256: 'b'.repeat(64) })],
    ['shell', (lock) => Object.assign(platformOf(lock).shell, { version: '2' })],
    ['version of QEMU', (lock) => Object.assign(platformOf(lock), { version: '11.1.4' })],
    ['platform', (lock) => delete lock.channels.latest.platforms['linux/arm64']],
    ['expiry', (lock) => Object.assign(releaseOf(lock), { expired: true })],
    ['expiry of another channel', (lock) => Object.assign(releaseOf(lock, 'stable'), { expired: true })],
    ['guest of the common ones', (lock) => lock.common.push('arm')],
    ['source', (lock) => Object.assign(lock.sources, { 'qemu 2': { licenses: [], files: [] } })],
    ['number of a build', (lock) => Object.assign(lock.rebuilds['11.1.3'], { number: 2 })],
  ])('with another %s', (_, change) => {
    expect(markerFor(made(change))).not.toBe(markerFor(made()));
  });
});

describe('a proposal is the same one', () => {
  test.each<[string, (lock: Draft) => void]>([
    ['Release', (lock) => Object.assign(releaseOf(lock), { date: '2026-11-01T00:00:00Z', signedBy: 'B' })],
    ['Valid-Until', (lock) => Object.assign(releaseOf(lock), { validUntil: '2026-11-30T00:00:00Z' })],
    ['date of a package', (lock) => Object.assign(platformOf(lock), { released: '2026-11-01T00:00:00Z' })],
    ['hash of what is built', (lock) => Object.assign(lock.rebuilds['11.1.3'], { inputs: 'c'.repeat(64) })],
  ])('with another %s', (_, change) => {
    expect(markerFor(made(change))).toBe(markerFor(made()));
  });
});

describe('a lock that is proposed again', () => {
  const at = (date: string, change: (lock: Draft) => void = () => undefined): Lock =>
    made((lock) => {
      for (const name of ['latest', 'stable']) Object.assign(releaseOf(lock, name), { date });
      platformOf(lock).released = date;
      change(lock);
    });
  const datesOf = ({ channels }: Lock) =>
    Object.values(channels).map(({ release, platforms }) => [
      release.date,
      platforms['linux/arm64']?.released,
    ]);
  const FIRST = '2026-11-01T00:00:00Z';
  const SECOND = '2026-11-02T00:00:00Z';
  const THIRD = '2026-11-03T00:00:00Z';
  const newer = (lock: Draft) => Object.assign(platformOf(lock).emulators, { sha256: 'b'.repeat(64) });
  const newest = (lock: Draft) => Object.assign(platformOf(lock).emulators, { sha256: 'c'.repeat(64) });

  test('has the dates of the proposal, and of the lock before what is as it was there', () => {
    const result = withDatesOf(at(SECOND, newer), at(THIRD, newer), at(FIRST), recipe);
    expect(datesOf(result)).toEqual([
      [SECOND, SECOND],
      [FIRST, undefined],
    ]);
  });

  test('has dates of today where something differs', () => {
    const result = withDatesOf(at(SECOND, newer), at(THIRD, newest), at(FIRST), recipe);
    expect(datesOf(result)[0]).toEqual([THIRD, THIRD]);
    expect(result.channels.latest?.platforms['linux/arm64']?.emulators.sha256).toBe('c'.repeat(64));
  });

  test('has nothing of a proposal whose Release had expired', () => {
    const expired = at(SECOND, (lock) => {
      newer(lock);
      releaseOf(lock).expired = true;
    });
    expect(datesOf(withDatesOf(expired, at(THIRD, newer), at(FIRST), recipe))[0]).toEqual([THIRD, THIRD]);
  });

  test('may have a channel that neither had', () => {
    const without = (date: string) => at(date, (lock) => delete lock.channels.stable);
    const result = withDatesOf(without(SECOND), at(THIRD), without(FIRST), recipe);
    expect(datesOf(result)).toEqual([
      [FIRST, FIRST],
      [THIRD, undefined],
    ]);
    expect(result.sources).toEqual(made().sources);
  });
});
