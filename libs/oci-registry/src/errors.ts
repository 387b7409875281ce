import { CodedError, type ErrorCatalogue } from '@qemu-user-static/errors';
import { printable } from './secret.ts';

export const REGISTRY_ERRORS = {
  REFERENCE_INVALID: {
    meaning:
      'The name of an image, repository, tag or digest breaks the grammar of the OCI distribution specification.',
    remedy:
      'Write HOST/PATH:TAG or HOST/PATH@sha256:DIGEST with a lower-case path, for example `ghcr.io/owner/name:1.0`.',
  },
  CREDENTIALS_UNREADABLE: {
    meaning: 'A file or variable that should contain credentials for a registry cannot be used.',
    remedy: 'Fix or remove the named file or variable, or log in again: `docker login REGISTRY`.',
  },
  CREDENTIALS_AMBIGUOUS: {
    meaning:
      'REGISTRY_USERNAME and REGISTRY_PASSWORD do not name a registry, and more than one registry asks for credentials.',
    remedy:
      'Set REGISTRY_HOST, for example `export REGISTRY_HOST=ghcr.io`, or a pair for each host: REGISTRY_USERNAME_GHCR_IO and REGISTRY_PASSWORD_GHCR_IO.',
  },
  CREDENTIAL_HELPER_FAILED: {
    meaning: 'A credential helper (docker-credential-…) named in an auth file gave no usable answer.',
    remedy: 'Run it by hand: `echo REGISTRY | docker-credential-NAME get`; or log in without it.',
  },
  REGISTRY_CERTIFICATES_UNREADABLE: {
    meaning: 'A certificate authority or a client certificate for a registry cannot be used.',
    remedy:
      'Check the named file: `openssl x509 -noout -subject -in FILE`. Every client certificate NAME.cert needs its NAME.key in the same folder.',
  },
  REGISTRY_PLAIN_HTTP: {
    meaning: 'A registry on another machine would be contacted without TLS.',
    remedy: 'Use a registry with TLS, or accept the risk with `--plain-http`.',
  },
  REGISTRY_TOKEN_SERVER_REFUSED: {
    meaning:
      'A registry names a token server on another host without TLS, or a second one after the first. No credentials were sent there.',
    remedy:
      'Check that the registry is the one you mean, and which token server it names: `curl -sI https://REGISTRY/v2/ | grep -i www-authenticate`.',
  },
  REGISTRY_UNREACHABLE: {
    meaning: 'The connection to a registry could not be made, broke, or was silent for too long.',
    remedy:
      'Check the host name and the network: `curl -I https://REGISTRY/v2/`. Then run again; blobs that have arrived are not sent again.',
  },
  REGISTRY_TOO_SLOW: {
    meaning: 'A registry sent or accepted data more slowly than 16 KiB a second for over two minutes.',
    remedy:
      'Check the network: `curl -o /dev/null https://REGISTRY/v2/`. Then run again; blobs that have arrived are not sent again.',
  },
  REGISTRY_TLS_FAILED: {
    meaning: 'No trusted TLS connection to a registry could be made.',
    remedy:
      'Pass `--ca FILE` for a private certificate authority, or `--plain-http` for a registry without TLS.',
  },
  REGISTRY_UNAUTHORIZED: {
    meaning: 'A registry or its token server did not accept the credentials, or none were found.',
    remedy: 'Log in with `docker login REGISTRY`, or set REGISTRY_USERNAME and REGISTRY_PASSWORD.',
  },
  REGISTRY_DENIED: {
    meaning: 'A registry accepted the credentials but does not allow the request.',
    remedy:
      'Ask the owner of the named repository for the right to push or pull, or log in with a token that has it: `docker login REGISTRY`.',
  },
  REGISTRY_NOT_FOUND: {
    meaning: 'A registry does not have the repository, manifest, blob or upload session.',
    remedy:
      'Check the name. Some registries also answer this for a private repository: log in with `docker login REGISTRY`.',
  },
  REGISTRY_RATE_LIMITED: {
    meaning: 'A registry refuses more requests for now (HTTP status 429).',
    remedy:
      'Wait as long as the message says, then run again. Logging in often raises the limit: `docker login REGISTRY`.',
  },
  REGISTRY_UNAVAILABLE: {
    meaning: 'A registry failed with a server error, again after several attempts.',
    remedy:
      'Check the registry: `curl -I https://REGISTRY/v2/`. Then run again; blobs that have arrived are not sent again.',
  },
  REGISTRY_REFUSED: {
    meaning: 'A registry refused a request as wrong.',
    remedy:
      "Read the registry's own code and message; the same request will be refused again. To see each request: --verbose",
  },
  REGISTRY_PROTOCOL_BROKEN: {
    meaning: 'A server answered in a way that the OCI distribution specification does not allow.',
    remedy:
      'Check that the address is a registry and not a proxy or a login page: `curl -i https://REGISTRY/v2/`.',
  },
  REGISTRY_DIGEST_MISMATCH: {
    meaning: 'The registry sent or stored bytes that do not have the expected digest.',
    remedy:
      'Do not use the content: the registry or a proxy altered it. Report it to the owner of the registry, with the digest of `curl -sL https://REGISTRY/v2/PATH/blobs/DIGEST | sha256sum`.',
  },
  REGISTRY_ANSWER_TOO_LARGE: {
    meaning: 'A registry sent more bytes or entries than the request allows.',
    remedy:
      'Check what the named reference contains: `curl -sI https://REGISTRY/v2/PATH/manifests/TAG`. A manifest has at most 4 MiB.',
  },
  MANIFEST_TYPE_MISMATCH: {
    meaning: 'The media type inside a manifest differs from the one it is sent or served as.',
    remedy:
      'Build the layout again, and push it: `npx --no image-builder build && npx --no image-builder publish --push`.',
  },
  REFERRERS_CONTESTED: {
    meaning:
      'Other processes kept overwriting the list of referrers of a manifest. The manifest is stored; only the list lacks it.',
    remedy: 'Run again when the other processes have finished: `npx --no image-builder attest --push`.',
  },
  UPLOAD_SOURCE_WRONG: {
    meaning: 'A local blob cannot be read, or its size or digest is not the expected one.',
    remedy:
      'The file was changed or damaged after its size and digest were taken. Build the layout again: `npx --no image-builder build`.',
  },
} as const satisfies ErrorCatalogue;

export type RegistryErrorCode = keyof typeof REGISTRY_ERRORS;

/** A reference, repository name, tag or digest that breaks the grammar. */
export class InvalidReferenceError extends CodedError<RegistryErrorCode> {
  constructor(message: string) {
    super(REGISTRY_ERRORS, 'REFERENCE_INVALID', message);
  }
}

/** Credentials that exist and cannot be used. Never carries their content, nor a cause that quotes it. */
export class CredentialsError extends CodedError<RegistryErrorCode> {
  constructor(
    code: 'CREDENTIALS_UNREADABLE' | 'CREDENTIALS_AMBIGUOUS' | 'CREDENTIAL_HELPER_FAILED',
    message: string,
  ) {
    super(REGISTRY_ERRORS, code, message);
  }
}

/** Something on this machine that a request needs is not as it should be: certificates, a blob, a manifest. */
export class LocalContentError extends CodedError<RegistryErrorCode> {
  constructor(
    code: 'REGISTRY_CERTIFICATES_UNREADABLE' | 'UPLOAD_SOURCE_WRONG' | 'MANIFEST_TYPE_MISMATCH',
    message: string,
    cause?: unknown,
  ) {
    super(REGISTRY_ERRORS, code, message, cause);
  }
}

/** One entry of a registry's own errors body, cleaned for display (distribution-spec, "Error Codes"). */
export interface RegistryErrorDetail {
  readonly code: string;
  readonly message: string;
}

/** The facts about a failed request. */
export interface FailedRequest {
  readonly method: string;
  /** The address without userinfo and without the values of query parameters that may be secret. */
  readonly address: string;
  readonly status?: number;
  readonly details?: readonly RegistryErrorDetail[];
  /** Whether the same request may succeed later. Retries go by this and by nothing else. */
  readonly temporary?: boolean;
  /** How long the registry asked to wait, in milliseconds. */
  readonly retryAfterMs?: number;
}

/** A request to a registry, or to its token server, that ended badly. */
export class RegistryError extends CodedError<RegistryErrorCode> {
  readonly method: string;
  readonly address: string;
  readonly status: number | undefined;
  readonly details: readonly RegistryErrorDetail[];
  readonly temporary: boolean;
  readonly retryAfterMs: number | undefined;

  constructor(code: RegistryErrorCode, message: string, request: FailedRequest, cause?: unknown) {
    // Servers' words come from headers, bodies and undici's messages: this is the one place where all pass.
    super(REGISTRY_ERRORS, code, `${request.method} ${request.address}: ${printable(message)}`, cause);
    this.method = request.method;
    this.address = request.address;
    this.status = request.status;
    this.details = request.details ?? [];
    this.temporary = request.temporary ?? false;
    this.retryAfterMs = request.retryAfterMs;
  }
}
