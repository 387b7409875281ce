import { type Bundle, bundleFromJSON, bundleToJSON } from '@sigstore/bundle';
import { DSSEBundleBuilder, type Signer, type Witness } from '@sigstore/sign';
import { toSignedEntity, type Verifier } from '@sigstore/verify';
import { SigningError } from './errors.ts';

/** The media type of a statement. https://github.com/in-toto/attestation/blob/main/spec/v1/envelope.md */
export const STATEMENT_TYPE = 'application/vnd.in-toto+json';

/** A signer of statements. */
export interface StatementSigner {
  /** For people: a key by its fingerprint, or a workflow. Never a secret. */
  readonly name: string;
  /** A Sigstore bundle with the statement in it. @throws SigningError SIGNING_FAILED */
  sign(statement: Uint8Array): Promise<Uint8Array>;
  /** The statement in a bundle that this signer has signed; null for anything else. */
  open(bundle: Uint8Array): Uint8Array | null;
}

/** The parts in which kinds of signers differ. */
interface SignerParts {
  readonly name: string;
  readonly signer: Signer;
  readonly witnesses: Witness[];
  readonly verifier: Verifier;
  /** Whether it is our identity that a verified bundle was signed by. */
  readonly isOurs: (signer: ReturnType<Verifier['verify']>) => boolean;
}

/** https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_bundle.proto, https://github.com/secure-systems-lab/dsse */
export function statementSigner({ name, signer, witnesses, verifier, isOurs }: SignerParts): StatementSigner {
  const builder = new DSSEBundleBuilder({ signer, witnesses });
  return {
    name,
    async sign(statement) {
      const bundle = await builder
        .create({ data: Buffer.from(statement), type: STATEMENT_TYPE })
        .catch((cause: unknown) => {
          const why = cause instanceof Error ? cause.message : String(cause);
          throw new SigningError('SIGNING_FAILED', `${name} could not sign: ${why}`, cause);
        });
      // The library puts the key's hint there too, where cosign expects a name of its own making, or none.
      for (const signature of bundle.content.dsseEnvelope.signatures) signature.keyid = '';
      return Buffer.from(JSON.stringify(bundleToJSON(bundle)));
    },
    open(bytes) {
      const bundle = parse(bytes);
      if (bundle?.content.$case !== 'dsseEnvelope') return null;
      const { payload, payloadType } = bundle.content.dsseEnvelope;
      if (payloadType !== STATEMENT_TYPE) return null;
      try {
        return isOurs(verifier.verify(toSignedEntity(bundle))) ? payload : null;
      } catch {
        // Signed by someone else, or not at all: to us it is as if it were not there.
        return null;
      }
    },
  };
}

function parse(bytes: Uint8Array): Bundle | null {
  try {
    return bundleFromJSON(JSON.parse(Buffer.from(bytes).toString()));
  } catch {
    return null;
  }
}
