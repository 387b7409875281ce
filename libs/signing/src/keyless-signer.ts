import type { TrustedRoot } from '@sigstore/protobuf-specs';
import {
  CIContextProvider,
  DEFAULT_FULCIO_URL,
  DEFAULT_REKOR_URL,
  FulcioSigner,
  RekorWitness,
} from '@sigstore/sign';
import { getTrustedRoot } from '@sigstore/tuf';
import { toTrustMaterial, Verifier } from '@sigstore/verify';
import { type StatementSigner, statementSigner } from './signer.ts';

/** Who GitHub says that its workflows are. */
const ISSUER = 'https://token.actions.githubusercontent.com';

/** Waits in milliseconds, and how often a request to Sigstore's services is tried again. */
const PATIENCE = { timeout: 30_000, retry: 3 };

/** Who gives certificates, who notes signatures, and by which keys both are known. */
export interface SigstoreServices {
  readonly fulcio: string;
  readonly rekor: string;
  trustedRoot(): Promise<TrustedRoot>;
}

const PUBLIC: SigstoreServices = {
  fulcio: DEFAULT_FULCIO_URL,
  rekor: DEFAULT_REKOR_URL,
  trustedRoot: () => getTrustedRoot(PATIENCE),
};

/**
 * Signs as the GitHub workflow that this runs in: GitHub vouches for it by a token, Fulcio gives a certificate for
 * ten minutes, and Rekor notes the signature in its public log.
 * https://docs.sigstore.dev/cosign/signing/overview/
 *
 * @param repository address of the repository whose workflows are ours: `https://github.com/owner/name`
 */
export async function keylessSigner(
  repository: string,
  { fulcio, rekor, trustedRoot }: SigstoreServices = PUBLIC,
): Promise<StatementSigner> {
  const identityProvider = new CIContextProvider('sigstore');
  return statementSigner({
    name: `workflow of ${repository}`,
    signer: new FulcioSigner({ identityProvider, fulcioBaseURL: fulcio, ...PATIENCE }),
    witnesses: [new RekorWitness({ rekorBaseURL: rekor, entryType: 'dsse', ...PATIENCE })],
    verifier: new Verifier(toTrustMaterial(await trustedRoot())),
    isOurs: ({ identity }) =>
      identity?.extensions?.issuer === ISSUER &&
      (identity.subjectAlternativeName ?? '').startsWith(`${repository}/.github/workflows/`),
  });
}
