import { mkdir } from 'node:fs/promises';
import { describe as describeError } from '@qemu-user-static/errors';
import { expect, test } from 'vitest';
import { asFileSystemError, BuilderError } from './errors.ts';

test('a failed system call is reported with the place and a remedy', async () => {
  const error = await mkdir('/proc/nowhere/oci').catch((caught: unknown) => caught);
  expect(describeError(asFileSystemError(error))).toMatch(
    /^FILE_SYSTEM: ENOENT: .* mkdir '\/proc\/nowhere\/oci'\n {2}remedy: Free disk space/s,
  );
});

test.each([
  [
    'no further file',
    Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE', syscall: 'open' }),
  ],
  ['no thread', Object.assign(new Error('out of memory'), { code: 'ERR_WORKER_INIT_FAILED' })],
  [
    'no further file for sources.json',
    new BuilderError('USAGE', 'x', Object.assign(new Error('EMFILE: too many'), { code: 'EMFILE' })),
  ],
  ['no memory for a buffer', new RangeError('Array buffer allocation failed')],
  ['no memory for a module', new RangeError('WebAssembly.instantiate(): Out of memory: wasm memory')],
])('%s: the machine is named, and no file is blamed', (_, error) => {
  expect(asFileSystemError(error)).toMatchObject({
    code: 'RESOURCES_EXHAUSTED',
    message: (error.cause as Error | undefined)?.message ?? error.message,
    remedy: expect.stringContaining('ulimit'),
  });
});

test('a working folder that was removed is named as such', () => {
  const error = Object.assign(new Error('ENOENT: process.cwd failed'), { code: 'ENOENT', syscall: 'uv_cwd' });
  expect(asFileSystemError(error)).toMatchObject({
    code: 'WORKING_FOLDER_GONE',
    message: 'the folder that the command was started in does not exist any more',
  });
});

test('other errors stay what they are', () => {
  for (const error of [new BuilderError('USAGE', 'x'), new TypeError('x'), 'text']) {
    expect(asFileSystemError(error)).toBe(error);
  }
});
