import { mkdir } from 'node:fs/promises';
import { describe as describeError } from '@qemu-user-static/errors';
import { expect, test } from 'vitest';
import { asFileSystemError, BuilderError } from './errors.ts';

test('a failed system call is reported with the place and a remedy', async () => {
  const error = await mkdir('/proc/nowhere/oci').catch((caught: unknown) => caught);
  expect(describeError(asFileSystemError(error))).toMatch(
    /^FILE_SYSTEM: ENOENT: .* mkdir '\/proc\/nowhere\/oci'\n {2}because: .*\n {2}remedy: Make space/s,
  );
});

test('other errors stay what they are', () => {
  for (const error of [new BuilderError('USAGE', 'x'), new TypeError('x'), 'text']) {
    expect(asFileSystemError(error)).toBe(error);
  }
});
