import { digestOf } from '@qemu-user-static/oci-image';
import { describe, expect, test } from 'vitest';
import { PROVENANCE_PREDICATE } from './provenance.ts';
import { isSigned, SIGNATURE_PREDICATE, statementOf } from './statement.ts';

const digest = digestOf('image');
const provenance = statementOf(digest, PROVENANCE_PREDICATE, { commit: 'a' });
const bill = statementOf(digest, 'https://spdx.dev/Document', { packages: 1 });

describe('provenance is signed', () => {
  test('if any provenance of the image is, whatever its words', () => {
    const other = statementOf(digest, PROVENANCE_PREDICATE, { commit: 'b' });
    expect(isSigned(provenance, digest, [bill.bytes, other.bytes])).toBe(true);
  });

  test('if one of several images is this one', () => {
    const subject = ['other', 'image'].map((name) => ({
      digest: { sha256: digestOf(name).slice('sha256:'.length) },
    }));
    const several = Buffer.from(JSON.stringify({ predicateType: PROVENANCE_PREDICATE, subject }));
    expect(isSigned(provenance, digest, [several])).toBe(true);
  });

  test.each([
    ['nothing is', []],
    ['another kind of statement is', [statementOf(digest, SIGNATURE_PREDICATE, {}).bytes]],
    ['that of another image is', [statementOf(digestOf('other'), PROVENANCE_PREDICATE, {}).bytes]],
    ...['', 'no JSON', 'null', '[]', '{}', '{"subject":[null]}', '{"subject":[{"digest":{}}]}'].map(
      (text) => [`${text} is`, [Buffer.from(text)]] as const,
    ),
    [
      'one without a hash is',
      [Buffer.from(JSON.stringify({ predicateType: PROVENANCE_PREDICATE, subject: [{ digest: {} }] }))],
    ],
    [
      'one of no image is',
      [Buffer.from(JSON.stringify({ predicateType: PROVENANCE_PREDICATE, subject: [] }))],
    ],
  ] as const)('not if %s', (_, signed) => {
    expect(isSigned(provenance, digest, signed)).toBe(false);
  });
});

test('a bill of materials is signed only if its bytes are', () => {
  expect(isSigned(bill, digest, [provenance.bytes, bill.bytes])).toBe(true);
  const other = statementOf(digest, bill.predicateType, { packages: 2 });
  expect(isSigned(bill, digest, [other.bytes])).toBe(false);
});
