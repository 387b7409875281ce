import { type Digest, hexOf } from '@qemu-user-static/oci-image';
import { z } from 'zod';
import { PROVENANCE_PREDICATE } from './provenance.ts';

/** A claim about an image. https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md */
export interface Statement {
  readonly predicateType: string;
  readonly bytes: Uint8Array;
}

/** That the image is ours: what `cosign sign` states, and `cosign verify` looks for. */
export const SIGNATURE_PREDICATE = 'https://sigstore.dev/cosign/sign/v1';

const STANDING: ReadonlySet<string> = new Set([SIGNATURE_PREDICATE, PROVENANCE_PREDICATE]);

export function statementOf(digest: Digest, predicateType: string, predicate: object): Statement {
  const statement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: 'qemu-user-static', digest: { sha256: hexOf(digest) } }],
    predicateType,
    predicate,
  };
  return { predicateType, bytes: Buffer.from(JSON.stringify(statement)) };
}

/**
 * Whether a statement is among those that were signed. Two kinds count whatever their words are: that an image is ours,
 * and how it was built. A bill of materials counts if its bytes are the same.
 */
export function isSigned(wanted: Statement, digest: Digest, signed: readonly Uint8Array[]): boolean {
  return signed.some((bytes) =>
    STANDING.has(wanted.predicateType)
      ? isAbout(bytes, wanted.predicateType, digest)
      : Buffer.compare(bytes, wanted.bytes) === 0,
  );
}

function isAbout(bytes: Uint8Array, predicateType: string, digest: Digest): boolean {
  const { data: statement } = STATEMENT.safeParse(parsed(bytes));
  return (
    statement?.predicateType === predicateType &&
    statement.subject.some((one) => one.digest.sha256 === hexOf(digest))
  );
}

const STATEMENT = z.object({
  predicateType: z.string(),
  subject: z.array(z.object({ digest: z.object({ sha256: z.string().optional() }) })),
});

/** JSON from outside; undefined for what is not JSON. */
export function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString());
  } catch {
    return undefined;
  }
}
