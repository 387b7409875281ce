import type { Lock } from '@qemu-user-static/lock';
import { lockOf } from '@qemu-user-static/lock/testing';
import { describe, expect, test } from 'vitest';
import { billOfMaterials, type ImageFacts, packagesOf, uuidOf } from './bill-of-materials.ts';

const QEMU = { package: 'qemu-user', version: '1:11.1.3+ds-1' };
const GLIBC = { package: 'glibc', version: '2.43-7' };

const facts: ImageFacts = {
  digest: `sha256:${'1'.repeat(64)}`,
  channel: 'latest',
  platform: 'linux/amd64',
  annotations: {
    'io.github.qemu-user-static.guests': 'arm',
    'io.github.qemu-user-static.qemu-version': '11.1.3',
  },
  licenses: new Map([
    ['qemu-user', ['GPL-2+', 'Expat']],
    ['busybox-static', []],
  ]),
};

/** A lock that knows none of its sources, whose busybox has some linked in. */
function lockWith(...linked: (typeof QEMU)[]): Lock {
  const lock = lockOf({ latest: { 'linux/amd64': '11.1.3' } });
  lock.channels.latest?.platforms['linux/amd64']?.shell.builtUsing.push(...linked);
  return lock;
}

const termsIn = (lock: Lock) =>
  billOfMaterials(facts, lock).sources.map(({ name, terms }) => [name.package, terms.expression]);

describe('the licences of a source', () => {
  test('are those that the lock has of it', () => {
    const lock = lockWith();
    lock.sources['qemu-user 1:11.1.3+ds-1'] = { licenses: ['GPL-2'], files: [] };
    expect(termsIn(lock)[0]).toEqual(['qemu-user', 'GPL-2.0-only']);
  });

  test('that the lock does not know are those in the copyright file of the package built from it', () => {
    expect(termsIn(lockWith())).toEqual([
      ['qemu-user', 'GPL-2.0-or-later AND MIT'],
      ['busybox-static', 'LicenseRef-Debian-busybox-static-copyright'],
    ]);
  });

  test('that is linked in are not those of the package that it is linked into', () => {
    const lock = lockWith();
    lock.channels.latest?.platforms['linux/amd64']?.emulators.builtUsing.push(GLIBC);
    expect(termsIn(lock)[1]).toEqual(['glibc', 'LicenseRef-Debian-glibc-copyright']);
  });

  test('that one package is built from and another links in are known by the first, and it is listed once', () => {
    const { sources, packages } = billOfMaterials(facts, lockWith(QEMU));
    expect(sources.map(({ name, terms }) => [name.package, terms.expression])).toEqual([
      ['qemu-user', 'GPL-2.0-or-later AND MIT'],
      ['busybox-static', 'LicenseRef-Debian-busybox-static-copyright'],
    ]);
    expect(packages[1]?.linked).toEqual([sources[0]]);
  });
});

test('an image is put together from the emulators inside, and the shell', () => {
  const lock = lockWith();
  const { emulators, shell } = lock.channels.latest?.platforms['linux/amd64'] ?? {};
  expect(packagesOf(facts, lock)).toEqual([emulators, shell]);
  expect(packagesOf({ ...facts, annotations: {} }, lock)).toEqual([shell]);
});

test('an image of a platform that the lock does not have is refused', () => {
  const elsewhere: ImageFacts = { ...facts, platform: 'linux/s390x', annotations: {} };
  for (const work of [billOfMaterials, packagesOf])
    expect(() => work(elsewhere, lockWith())).toThrow(new RangeError('latest has no linux/s390x'));
});

test('an identifier is a UUID of version 8 and of the variant of RFC 9562, another for each text', () => {
  const ids = Array.from({ length: 64 }, (_, index) => uuidOf(`text ${index}`));
  for (const id of ids)
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(new Set(ids).size).toBe(ids.length);
  // What the hash says of the variant's other bits is kept.
  expect(new Set(ids.map((id) => id.charAt(19))).size).toBe(4);
});
