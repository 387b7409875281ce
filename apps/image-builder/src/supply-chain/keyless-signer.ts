import { CIContextProvider, FulcioSigner, RekorWitness } from '@sigstore/sign';
import { getTrustedRoot } from '@sigstore/tuf';
import { toTrustMaterial, Verifier } from '@sigstore/verify';
import { type StatementSigner, statementSigner } from './signer.ts';

/** Who GitHub says that its workflows are. */
const ISSUER = 'https://token.actions.githubusercontent.com';

/** Waits in milliseconds, and how often a request to Sigstore's services is tried again. */
const PATIENCE = { timeout: 30_000, retry: 3 };

/**
 * Signs as the GitHub workflow that this runs in: GitHub vouches for it by a token, Fulcio gives a certificate for
 * ten minutes, and Rekor notes the signature in its public log.
 * https://docs.sigstore.dev/cosign/signing/overview/
 *
 * @param repository address of the repository whose workflows are ours: `https://github.com/owner/name`
 */
export async function keylessSigner(repository: string): Promise<StatementSigner> {
  const identityProvider = new CIContextProvider('sigstore');
  return statementSigner({
    name: `workflow of ${repository}`,
    signer: new FulcioSigner({ identityProvider, ...PATIENCE }),
    witnesses: [new RekorWitness({ entryType: 'dsse', ...PATIENCE })],
    verifier: new Verifier(toTrustMaterial(await getTrustedRoot(PATIENCE))),
    isOurs: ({ identity }) =>
      identity?.extensions?.issuer === ISSUER &&
      (identity.subjectAlternativeName ?? '').startsWith(`${repository}/.github/workflows/`),
  });
}
