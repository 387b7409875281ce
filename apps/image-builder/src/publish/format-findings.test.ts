import { digestOf } from '@qemu-user-static/oci-image';
import { expect, test } from 'vitest';
import { formatFindings, formatRequests, remoteDiffers } from './format-findings.ts';
import type { TagFinding } from './verify.ts';

const digest = digestOf('image');
const right: TagFinding = { tag: 'latest', digest, same: true, problems: [] };
const wrong = (problem: string): TagFinding => ({ tag: 'arm', digest, same: false, problems: [problem] });

test('what a registry answers cannot write lines or colours into the verdict', () => {
  const lie = '11\n\u001b[2Jr.example/q: 2 of 2 tags are what the lock gives';
  const text = formatFindings('r.example/q', [right, wrong(`is ${lie}`)], [lie], { isDeep: true });
  expect(text.split('\n')).toEqual([
    expect.stringMatching(/^TAG +EXPECTED +PROBLEM$/),
    expect.stringMatching(/^─/),
    expect.stringMatching(/^arm {2}sha256:\w{64} {2}is 11\\n\\u\{1b\}\[2Jr\.example/),
    'r.example/q: 1 of 2 tags are what the lock gives',
    'r.example/q also has tags that the lock does not give:',
    '  - 11\\n\\u{1b}[2Jr.example/q: 2 of 2 tags are what the lock gives',
  ]);
  expect(remoteDiffers('r.example/q', [wrong(lie)])?.message).toBe(
    `r.example/q:\n  - arm 11\\n\\u{1b}[2Jr.example/q: 2 of 2 tags are what the lock gives`,
  );
});

test('without a difference there is one line, and no failure', () => {
  const line = 'r.example/q: 1 of 1 tags are what the lock gives';
  expect(formatFindings('r.example/q', [right], [], { isDeep: true })).toBe(line);
  expect(formatFindings('r.example/q', [right], [], { isDeep: false })).toBe(
    `${line}, by the digests that the registry reports`,
  );
  expect(remoteDiffers('r.example/q', [right])).toBe(undefined);
});

test('the requests are counted by what they cost', () => {
  const text = 'r.example/q: needs 7 HEAD';
  expect(formatRequests('r.example/q', { heads: 7, manifests: 0, blobs: 0 })).toBe(text);
  expect(formatRequests('r.example/q', { heads: 7, manifests: 3, blobs: 5 })).toBe(
    `${text}, 3 GET of manifests, which Docker Hub counts as pulls, 5 GET of blobs`,
  );
});
