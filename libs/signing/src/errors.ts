import { CodedError, type ErrorCatalogue } from '@qemu-user-static/errors';

/** The errors of signing. */
export const SIGNING_ERRORS = {
  KEY_INVALID: {
    meaning: 'The signing key cannot be used.',
    remedy:
      'Pass a private ECDSA key on P-256 with --key, in PEM or as `cosign generate-key-pair` writes it. To make one: `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem`.',
  },
  KEY_PASSWORD: {
    meaning: 'The signing key is encrypted, and its password is missing or wrong.',
    remedy: 'Set the password of the key: export COSIGN_PASSWORD=…',
  },
  SIGNING_FAILED: {
    meaning:
      'A statement could not be signed: GitHub gave no token, Fulcio no certificate, or Rekor no entry.',
    remedy:
      'Run the command again later: it signs what is missing. Give the job `permissions: id-token: write`, or sign without these services: --key FILE.',
  },
} as const satisfies ErrorCatalogue;

export type SigningErrorCode = keyof typeof SIGNING_ERRORS;

export class SigningError extends CodedError<SigningErrorCode> {
  constructor(code: SigningErrorCode, message: string, cause?: unknown) {
    super(SIGNING_ERRORS, code, message, cause);
  }
}
