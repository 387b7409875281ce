import { expect, test } from 'vitest';
import { guestOf } from './guests.ts';

test.each([
  ['usr/bin/qemu-arm', 'usr/bin/qemu-{guest}', 'arm'],
  ['usr/bin/qemu-arm-static', 'usr/bin/qemu-{guest}-static', 'arm'],
  ['usr/bin/qemu-arm', 'usr/bin/qemu-{guest}-static', null],
  ['usr/sbin/qemu-arm', 'usr/bin/qemu-{guest}', null],
  ['usr/bin/qemu-', 'usr/bin/qemu-{guest}', null],
  ['usr/bin/qemu-a/b', 'usr/bin/qemu-{guest}', null],
])('the file %s is by %s the emulator of %s', (path, pattern, guest) => {
  expect(guestOf({ type: 'file', path }, pattern)).toBe(guest);
});

test.each(['symlink', 'directory'] as const)('a %s is the emulator of none', (type) => {
  expect(guestOf({ type, path: 'usr/bin/qemu-arm' }, 'usr/bin/qemu-{guest}')).toBeNull();
});
