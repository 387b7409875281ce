import { digestOf } from '@qemu-user-static/oci-image';
import { RegistryError } from '@qemu-user-static/oci-registry';
import type { StatementSigner } from '@qemu-user-static/signing';
import { describe, expect, test } from 'vitest';
import type { Destination } from '../publish/destination.ts';
import { artifactOf } from './artifact.ts';
import { BUNDLE_TYPE, type Subject } from './attachments.ts';
import { type AttestPlan, applyAttest, attestRefusal, type PlannedSubject, planAttest } from './attest.ts';
import { formatAttestPlan } from './format-plan.ts';
import { statementOf } from './statement.ts';

const subject = (name: string, change: Partial<PlannedSubject> = {}): PlannedSubject => ({
  digest: digestOf(name),
  published: true,
  attach: [],
  sign: [],
  there: 0,
  ...change,
});
const plan = (signer: string | null, ...subjects: PlannedSubject[]): AttestPlan => ({
  schemaVersion: 1,
  signer,
  targets: [
    { registry: 'a.example', repository: 'q', subjects },
    { registry: 'b.example', repository: 'q', subjects: [] },
  ],
});

describe('a plan is refused', () => {
  test('where images are not in the repository: they are named, and no others', () => {
    const refusal = attestRefusal(plan('key', subject('here'), subject('lost', { published: false })), {
      needsSigner: true,
    });
    expect(refusal).toMatchObject({
      code: 'IMAGES_NOT_PUBLISHED',
      message: `these images are not in the repository:\n  - a.example/q@${digestOf('lost')}`,
    });
  });

  test('where nobody signs although somebody must', () => {
    expect(attestRefusal(plan(null, subject('here')), { needsSigner: true })).toMatchObject({
      code: 'SIGNER_MISSING',
      message: 'nothing signs what would be attached in a.example/q, b.example/q',
    });
  });

  test.each([
    ['key', true],
    ['key', false],
    [null, false],
  ])('not otherwise: signed by %s, has to be: %s', (signer, needsSigner) => {
    expect(attestRefusal(plan(signer, subject('here')), { needsSigner })).toBe(undefined);
  });
});

test('a plan is printed as a table: what is missing in each repository, and who signs', () => {
  const subjects = [
    subject('a', { attach: ['x', 'y'], sign: ['z'], there: 3 }),
    subject('b', { sign: ['z'], there: 4 }),
  ];
  expect(formatAttestPlan(plan('key SHA256:abc', ...subjects)).split('\n')).toEqual([
    'REPOSITORY   IMAGES  ATTACH  SIGN  EXISTING',
    '───────────  ──────  ──────  ────  ────────',
    'a.example/q  2       2       2     7',
    'b.example/q  0       0       0     0',
    'signed by key SHA256:abc',
  ]);
  expect(formatAttestPlan(plan(null)).split('\n').at(-1)).toMatch(/^unsigned: /);
});

describe('the plan of an image with two documents and a statement', () => {
  const descriptor = {
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    digest: digestOf('image'),
    size: 1,
  };
  const document = (type: string) => {
    const bytes = Buffer.from(type);
    const blob = { bytes, descriptor: { mediaType: type, digest: digestOf(bytes), size: bytes.length } };
    return artifactOf(descriptor, type, blob, {});
  };
  const documents = [document('text/bill'), document('text/origin')];
  const image: Subject = {
    descriptor,
    documents,
    statements: [statementOf(descriptor.digest, 'text/bill', {})],
  };
  const signer = { name: 'key', open: () => null } as unknown as StatementSigner;

  /** Of a repository that lists these documents of the image, or that does not have the image. */
  const planned = async (listed: typeof documents | null, who: StatementSigner | null) => {
    const client = {
      headManifest: async () => (listed === null ? undefined : { digest: descriptor.digest }),
      referrers: async () => (listed ?? []).map(({ manifest }) => manifest.descriptor),
    };
    const destination = { registry: 'a.example', repository: 'q', client } as unknown as Destination;
    const { subjects } = await planAttest([image], destination, who, 1);
    return subjects[0];
  };

  test.each<[string, typeof documents | null, StatementSigner | null, Omit<PlannedSubject, 'digest'>]>([
    [
      'that is not published lacks all',
      null,
      signer,
      { published: false, attach: ['text/bill', 'text/origin'], sign: ['text/bill'], there: 0 },
    ],
    [
      'that is not published, where nobody signs, lacks its documents',
      null,
      null,
      { published: false, attach: ['text/bill', 'text/origin'], sign: [], there: 0 },
    ],
    [
      'that has one document lacks the other, and the signature',
      documents.slice(0, 1),
      signer,
      { published: true, attach: ['text/origin'], sign: ['text/bill'], there: 1 },
    ],
    [
      'that has both lacks nothing where nobody signs',
      documents,
      null,
      { published: true, attach: [], sign: [], there: 2 },
    ],
  ])('%s', async (_, listed, who, expected) => {
    expect(await planned(listed, who)).toEqual({ digest: descriptor.digest, ...expected });
  });
});

describe('what is attached', () => {
  const blob = (text: string) => ({
    bytes: Buffer.from(text),
    descriptor: { mediaType: 'text/plain', digest: digestOf(text), size: text.length },
  });
  const descriptor = { mediaType: 'text/plain', digest: digestOf('image'), size: 1 };
  const documents = ['bill', 'origin'].map((name) => artifactOf(descriptor, `text/${name}`, blob(name), {}));
  const image: Subject = {
    descriptor,
    documents,
    statements: [statementOf(descriptor.digest, 'text/bill', {})],
  };

  /** Attaches to a repository that lists these documents of what it was given. */
  const attach = async (listed: typeof documents) => {
    const put: string[] = [];
    const client = {
      uploadBlob: async () => undefined,
      putManifest: async (digest: string) => void put.push(digest),
      referrers: async () => (put.length === 0 ? [] : listed.map(({ manifest }) => manifest.descriptor)),
    };
    const destination = { registry: 'a.example', repository: 'q', client } as unknown as Destination;
    await applyAttest([image], destination, null, 1, () => undefined);
    return put;
  };

  test('is every document, and no signature where nobody signs', async () => {
    expect((await attach(documents)).sort()).toEqual(
      documents.map(({ manifest }) => manifest.descriptor.digest).sort(),
    );
  });

  test.each([0, 1])('has to be listed: document %i alone is not enough', async (index) => {
    await expect(attach(documents.slice(index, index + 1))).rejects.toMatchObject({
      code: 'ATTESTATION_NOT_KEPT',
      message: `a.example/q does not list all that was attached to:\n  - ${descriptor.digest}`,
    });
  });
});

describe('a bundle that cannot be read', () => {
  const descriptor = { mediaType: 'text/plain', digest: digestOf('image'), size: 1 };
  const statement = statementOf(descriptor.digest, 'text/bill', {});
  const plannedWith = (error: Error) => {
    const bundle = { ...descriptor, digest: digestOf('bundle'), artifactType: BUNDLE_TYPE };
    const client = {
      headManifest: async () => ({ digest: descriptor.digest }),
      referrers: async () => [bundle],
      getManifest: async () => {
        throw error;
      },
    };
    const destination = { registry: 'a.example', repository: 'q', client } as unknown as Destination;
    const signer = { name: 'key', open: () => null } as unknown as StatementSigner;
    return planAttest([{ descriptor, documents: [], statements: [statement] }], destination, signer, 1);
  };

  test('because it is damaged counts as none: anyone who may push may attach anything', async () => {
    const damaged = new RegistryError('REGISTRY_DIGEST_MISMATCH', 'words', { method: 'GET', address: 'a' });
    expect((await plannedWith(damaged)).subjects[0]?.sign).toEqual(['text/bill']);
  });

  test.each([
    new RegistryError('REGISTRY_DENIED', 'words', { method: 'GET', address: 'a' }),
    Object.assign(new Error('words'), { code: 'REGISTRY_DIGEST_MISMATCH' }),
  ])('for another reason is the failure: %s', async (error) => {
    await expect(plannedWith(error)).rejects.toBe(error);
  });
});

test('a repository gets nothing where no image is to be attested', async () => {
  const sent: string[] = [];
  const client = { uploadBlob: async ({ digest }: { digest: string }) => void sent.push(digest) };
  const destination = { registry: 'a.example', repository: 'q', client } as unknown as Destination;
  await applyAttest([], destination, null, 1, () => undefined);
  expect(sent).toEqual([]);
});
