import { expect, test } from 'vitest';
import { checked } from './checked.ts';
import { ArchiveError } from './errors.ts';
import { sha256 } from './testing/packages.ts';

const expected = { size: 4, sha256: sha256('text') };

test('what is longer than expected is not read to its end', async () => {
  let sent = 0;
  async function* source() {
    for (;;) {
      sent += 1;
      yield Buffer.from('te');
    }
  }
  await expect(Array.fromAsync(checked(source(), expected))).rejects.toMatchObject({
    code: 'SIZE_DIFFERS',
    message: 'it has more than 4 bytes',
  });
  expect(sent).toBe(3);
});

test('an error of the source that has a code keeps it', async () => {
  const error = new ArchiveError('XZ_FAILED', 'xz failed');
  async function* source(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('te');
    throw error;
  }
  await expect(Array.fromAsync(checked(source(), expected))).rejects.toBe(error);
});
