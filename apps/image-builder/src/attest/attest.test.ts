import { digestOf } from '@qemu-user-static/oci-image';
import { describe, expect, test } from 'vitest';
import { type AttestPlan, attestRefusal, type PlannedSubject } from './attest.ts';
import { formatAttestPlan } from './format-plan.ts';

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
