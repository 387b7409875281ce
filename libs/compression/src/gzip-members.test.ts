import { randomBytes } from 'node:crypto';
import { constants, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { gunzipMembers } from './gzip-members.ts';

async function contentOf(file: Uint8Array): Promise<Buffer> {
  const parts: Buffer[] = [];
  // A chunk is gone once the next is asked for.
  for await (const chunk of gunzipMembers(file)) parts.push(Buffer.from(chunk));
  return Buffer.concat(parts);
}

const SMALL = Buffer.from('a folder');
const LARGE = Buffer.concat([randomBytes(100_000), Buffer.alloc(21 << 20), randomBytes(100_000)]);
const named = (content: Uint8Array) => {
  const member = gzipSync(content);
  // FNAME (RFC 1952, 2.3.1)
  member[3] = 8;
  return Buffer.concat([member.subarray(0, 10), Buffer.from('name\0'), member.subarray(10)]);
};

test.each<[string, Buffer, Buffer]>([
  ['one', gzipSync(SMALL), SMALL],
  ['one without content', gzipSync(''), Buffer.alloc(0)],
  [
    'a large one between small ones',
    Buffer.concat([SMALL, LARGE, SMALL].map((one) => gzipSync(one))),
    Buffer.concat([SMALL, LARGE, SMALL]),
  ],
  ['one that is stored', gzipSync(LARGE, { level: 0 }), LARGE],
  [
    'one with a name, and one after it',
    Buffer.concat([gzipSync(SMALL), named(SMALL), gzipSync(LARGE)]),
    Buffer.concat([SMALL, SMALL, LARGE]),
  ],
  ['one too large to be read at once', gzipSync(Buffer.alloc((1 << 26) + 1)), Buffer.alloc((1 << 26) + 1)],
])('members are read: %s', async (_, file, content) => {
  expect((await contentOf(file)).equals(content)).toBe(true);
});

test('a member comes as one chunk, which is gone once the next is asked for', async () => {
  const [small, large] = [SMALL, LARGE].map((one) => gzipSync(one));
  const chunks = gunzipMembers(Buffer.concat([small, large, large, small] as Uint8Array[]));
  const seen: Uint8Array[] = [];
  const sizes: number[] = [];
  for await (const chunk of chunks) {
    seen.push(chunk);
    sizes.push(chunk.length);
  }
  expect(sizes).toEqual([SMALL.length, LARGE.length, LARGE.length, SMALL.length]);
  expect([seen[1]?.length, seen[2]?.length]).toEqual([0, 0]);
});

test('one too large to be read at once comes in parts', async () => {
  const sizes: number[] = [];
  for await (const chunk of gunzipMembers(gzipSync(Buffer.alloc((1 << 26) + 1)))) sizes.push(chunk.length);
  expect([sizes.length, sizes[0]]).toEqual([257, 1 << 18]);
});

const MEMBER = gzipSync(LARGE.subarray(0, 200_000));
const changed = (at: number) => {
  const copy = Buffer.from(MEMBER);
  copy[at < 0 ? copy.length + at : at] = (copy.at(at) ?? 0) ^ 1;
  return copy;
};
test.each<[string, Uint8Array, string?]>([
  ['nothing', Buffer.alloc(0)],
  ['a cut header', MEMBER.subarray(0, 5)],
  ['a cut content', MEMBER.subarray(0, 5000)],
  ['a cut trailer', MEMBER.subarray(0, -1), 'unexpected end of file'],
  ['a changed content', changed(5000)],
  ['another checksum', changed(-8), 'incorrect data check'],
  ['another length', changed(-4), 'incorrect length check'],
  ['another method', changed(2)],
  ['zeros behind the end', Buffer.concat([MEMBER, Buffer.alloc(100)])],
  [
    'zeros behind one with a name',
    Buffer.concat([named(SMALL), Buffer.alloc(100)]),
    '100 bytes follow its end',
  ],
  ['other bytes behind the end', Buffer.concat([MEMBER, Buffer.from('more')])],
  ['a second member that is cut', Buffer.concat([MEMBER, gzipSync(SMALL).subarray(0, -3)])],
  ['a stream that was never finished', gzipSync(SMALL, { finishFlush: constants.Z_SYNC_FLUSH })],
])('%s is refused', async (_, file, message) => {
  await expect(contentOf(file)).rejects.toThrow(message);
});
