import { ArchiveError } from '@qemu-user-static/debian-archive';
import { expect, test } from 'vitest';
import { $ } from 'zx';
import { asCoded, ConformanceError } from './errors.ts';

const failed = (script: string) => $`sh -c ${script}`.quiet().catch((error: unknown) => error);

test('a compiler that cannot be installed is reported in the words of the program that failed', async () => {
  const error = asCoded(await failed('echo "I: chatter" >&2; echo "E: no such suite" >&2; exit 1'));
  expect(error).toMatchObject({ code: 'TOOLCHAIN_FAILED', message: 'E: no such suite' });
});

test.each([
  ['a program', 'echo "tar: x: Cannot write: No space left on device" >&2; exit 2'],
  [
    'a program that goes on to complain',
    'echo "E: dpkg: No space left on device" >&2; echo "E: more" >&2; exit 2',
  ],
])('a full disk is reported as such by %s', async (_, script) => {
  expect(asCoded(await failed(script))).toMatchObject({
    code: 'CHECKS_NEED_SPACE',
    message: expect.stringContaining('No space left on device'),
  });
});

test('so is one that a file or a download met', () => {
  const system = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  expect(asCoded(system)).toMatchObject({ code: 'CHECKS_NEED_SPACE' });
  expect(asCoded(new ArchiveError('DISK_FULL', '/cache/x'))).toMatchObject({
    code: 'CHECKS_NEED_SPACE',
    message: '/cache/x',
  });
});

test('other errors stay as they are, also one whose cause speaks of space', () => {
  const denied = new ConformanceError('CHECKS_NEED_NAMESPACE', 'unshare failed: No space left on device');
  expect(asCoded(denied)).toBe(denied);
  const bug = new TypeError('boom');
  expect(asCoded(bug)).toBe(bug);
});
