import { lockOf } from '@qemu-user-static/lock/testing';
import { assembleIndex, digestOf } from '@qemu-user-static/oci-image';
import { STATEMENT_TYPE } from '@qemu-user-static/signing';
import { expect, test } from 'vitest';
import { artifactOf } from './artifact.ts';
import { isAttached, subjectsOf } from './attachments.ts';
import { PROVENANCE_PREDICATE } from './provenance.ts';

const subject = {
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  digest: digestOf('image'),
  size: 1,
};
const artifact = (type: string, text: string) => {
  const bytes = Buffer.from(text);
  const descriptor = { mediaType: type, digest: digestOf(bytes), size: bytes.length };
  return artifactOf(subject, type, { bytes, descriptor }, {});
};
const predicate = (type: string) => ({ 'in-toto.io/predicate-type': type });
const other = { digest: digestOf('other'), artifactType: STATEMENT_TYPE };

test('a document is attached if it is listed by its digest', () => {
  const sbom = artifact('application/spdx+json', '{}');
  expect(isAttached(sbom, [])).toBe(false);
  expect(isAttached(sbom, [other, { digest: sbom.manifest.descriptor.digest }])).toBe(true);
});

test.each([
  ['any provenance', { ...other, annotations: predicate(PROVENANCE_PREDICATE) }, true],
  ['a statement of another kind', { ...other, annotations: predicate('https://example.org/x') }, false],
  ['a statement without a kind', other, false],
  [
    'something else that says so',
    { digest: other.digest, artifactType: 'text/plain', annotations: predicate(PROVENANCE_PREDICATE) },
    false,
  ],
])('provenance, if %s is listed: %s', (_, listed, isThere) => {
  expect(isAttached(artifact(STATEMENT_TYPE, '{"a":1}'), [listed])).toBe(isThere);
  expect(isAttached(artifact('application/spdx+json', '{}'), [listed])).toBe(false);
});

test('an index without an image is refused: it has no channel', async () => {
  const index = { ...assembleIndex([], {}), needs: [] };
  const set = { tags: [], documents: new Map([[index.descriptor.digest, index]]), layoutOf: new Map() };
  const facts = { source: 'https://x', commit: 'c', files: {}, builder: { id: 'b' } };
  await expect(subjectsOf(set, lockOf({}), facts)).rejects.toThrow('an index lists no image');
});
