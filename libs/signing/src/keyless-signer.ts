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

/** The issuer of the tokens of GitHub's workflows. */
const ISSUER = 'https://token.actions.githubusercontent.com';

/** Time-out in milliseconds, and how often a request to Sigstore's services is repeated. */
const REQUESTS = { timeout: 30_000, retry: 3 };

/** The services that give certificates and log signatures, and the keys by which both are verified. */
export interface SigstoreServices {
  readonly fulcio: string;
  readonly rekor: string;
  trustedRoot(): Promise<TrustedRoot>;
}

const PUBLIC: SigstoreServices = {
  fulcio: DEFAULT_FULCIO_URL,
  rekor: DEFAULT_REKOR_URL,
  trustedRoot: () => getTrustedRoot(REQUESTS),
};

/**
 * Signs as the GitHub workflow that this runs in: GitHub gives a token for it, Fulcio a certificate for ten minutes, and
 * Rekor logs the signature in public.
 * https://docs.sigstore.dev/cosign/signing/overview/
 *
 * A signature is ours if it is of the same workflow file at the same ref, or at a tag: releases are made at tags, and
 * users verify that. So what was signed at a branch is signed again at a tag.
 *
 * @param workflow its address and ref: `https://github.com/owner/name/.github/workflows/release.yml@refs/tags/v1`
 */
export async function keylessSigner(
  workflow: string,
  { fulcio, rekor, trustedRoot }: SigstoreServices = PUBLIC,
): Promise<StatementSigner> {
  const [file = ''] = workflow.split('@');
  const identityProvider = new CIContextProvider('sigstore');
  return statementSigner({
    name: `workflow ${workflow}`,
    signer: new FulcioSigner({ identityProvider, fulcioBaseURL: fulcio, ...REQUESTS }),
    witnesses: [new RekorWitness({ rekorBaseURL: rekor, entryType: 'dsse', ...REQUESTS })],
    verifier: new Verifier(toTrustMaterial(await trustedRoot())),
    isOurs: ({ identity }) => {
      const signer = identity?.subjectAlternativeName ?? '';
      const isKnown = signer === workflow || signer.startsWith(`${file}@refs/tags/`);
      return identity?.extensions?.issuer === ISSUER && isKnown;
    },
  });
}
