import { expect, test } from 'vitest';
import { elfPattern, GUEST_NAMES, type GuestName, guest, registrationLine } from './index.ts';

test('aarch64 has the line that the kernel shows for it', () => {
  expect(registrationLine('aarch64', '/usr/bin/qemu-aarch64-static', 'F')).toBe(
    String.raw`:qemu-aarch64:M::\x7f\x45\x4c\x46\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00` +
      String.raw`:\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:/usr/bin/qemu-aarch64-static:F`,
  );
});

test.each<[GuestName, number, string]>([
  ['aarch64', 7, 'the operating system does not matter'],
  ['x86_64', 7, 'GNU or none'],
])('%s: of byte %i, %s', (name, at) => {
  expect(elfPattern(guest(name)).mask[at]).toBe(name === 'aarch64' ? 0 : 0xfc);
});

test('patterns that are wider than the rule, as QEMU has them', () => {
  const maskOf = (name: GuestName) => Buffer.from(elfPattern(guest(name)).mask).toString('hex');
  // Byte order and version of x86 programs may be odd; the second byte of ppc64le's machine does not count.
  expect(maskOf('x86_64')).toBe('fffffffffffefefcffffffffffffffff' + 'feffffff');
  expect(maskOf('ppc64le')).toBe('fffffffffffffffcffffffffffffffff' + 'feffff00');
  // The version of the ABI of MIPS programs is any.
  expect(maskOf('mips').slice(0, 32)).toBe('ffffffffffffff0000ffffffffffffff');
});

test('no two guests claim the same file', () => {
  // Two patterns overlap if some header satisfies both: where both masks have a bit, the magics must differ somewhere.
  const patterns = GUEST_NAMES.map((name) => ({ name, ...elfPattern(guest(name)) }));
  const overlaps = patterns.flatMap((a, index) =>
    patterns.slice(index + 1).flatMap((b) => {
      const length = Math.min(a.magic.length, b.magic.length);
      const differs = Array.from({ length }, (_, i) => i).some(
        (i) => (((a.magic[i] ?? 0) ^ (b.magic[i] ?? 0)) & (a.mask[i] ?? 0) & (b.mask[i] ?? 0)) !== 0,
      );
      return differs ? [] : [`${a.name} and ${b.name}`];
    }),
  );
  expect(overlaps).toEqual([]);
});

test('a line fits into what binfmt_misc takes: 1920 bytes, and magic within the first 128', () => {
  for (const name of GUEST_NAMES) {
    expect(registrationLine(name, `/usr/bin/qemu-${name}-static`, 'OCFP').length).toBeLessThan(1920);
    expect(elfPattern(guest(name)).magic.length).toBeLessThanOrEqual(128);
  }
});
