import { type Digest, hexOf } from '@qemu-user-static/oci-image';
import { PROVENANCE_PREDICATE } from './provenance.ts';

/** What is claimed of an image. https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md */
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
 * Whether a statement is among those that were signed. That an image is ours, and how it came to be, need no second
 * signature when they are told in other words; a bill of materials does.
 */
export function isSigned(wanted: Statement, digest: Digest, signed: readonly Uint8Array[]): boolean {
  return signed.some((bytes) =>
    STANDING.has(wanted.predicateType)
      ? isAbout(bytes, wanted.predicateType, digest)
      : Buffer.compare(bytes, wanted.bytes) === 0,
  );
}

function isAbout(bytes: Uint8Array, predicateType: string, digest: Digest): boolean {
  const statement = JSON.parse(Buffer.from(bytes).toString()) as {
    predicateType?: string;
    subject?: { digest?: { sha256?: string } }[];
  };
  return (
    statement.predicateType === predicateType &&
    statement.subject?.some((one) => one.digest?.sha256 === hexOf(digest)) === true
  );
}
