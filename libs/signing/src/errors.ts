import { CodedError, type ErrorCatalogue } from '@qemu-user-static/errors';

/** The errors of signing. */
export const SIGNING_ERRORS = {
  KEY_INVALID: {
    meaning: 'The signing key is none that can be used.',
    remedy:
      'Give a private key of ECDSA on P-256, in PEM or as `cosign generate-key-pair` writes it. `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256` makes one.',
  },
  KEY_PASSWORD: {
    meaning: 'The signing key is encrypted, and its password is missing or another.',
    remedy: 'Set the variable COSIGN_PASSWORD.',
  },
  SIGNING_FAILED: {
    meaning:
      'A statement could not be signed: GitHub gave no token, Fulcio no certificate, or Rekor no entry.',
    remedy:
      'Run the command again later: it signs what is missing. The job needs `permissions: id-token: write`; --key signs without these services.',
  },
} as const satisfies ErrorCatalogue;

export type SigningErrorCode = keyof typeof SIGNING_ERRORS;

export class SigningError extends CodedError<SigningErrorCode> {
  constructor(code: SigningErrorCode, message: string, cause?: unknown) {
    super(SIGNING_ERRORS, code, message, cause);
  }
}
