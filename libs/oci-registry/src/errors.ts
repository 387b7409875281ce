import { CodedError, type ErrorCatalogue } from '@qemu-user-static/errors';

export const REGISTRY_ERRORS = {
  REFERENCE_INVALID: {
    meaning:
      'An image, repository, tag or digest is not written as the OCI distribution specification wants it.',
    remedy: 'Write it as host/path:tag or host/path@sha256:digest, with a path in lower case.',
  },
  CREDENTIALS_UNREADABLE: {
    meaning: 'A file or variable that should hold the credentials of a registry cannot be used.',
    remedy: 'Mend or remove the named file or variable, or log in anew with docker login or podman login.',
  },
  CREDENTIALS_AMBIGUOUS: {
    meaning:
      'REGISTRY_USERNAME and REGISTRY_PASSWORD name no registry, and more than one registry asks for them.',
    remedy:
      'Set REGISTRY_HOST, or a pair for each host, as REGISTRY_USERNAME_GHCR_IO and REGISTRY_PASSWORD_GHCR_IO.',
  },
  CREDENTIAL_HELPER_FAILED: {
    meaning: 'The program docker-credential-… named in an auth file gave no usable answer.',
    remedy: 'Run the named program by hand with the argument get, or log in without it.',
  },
  REGISTRY_CERTIFICATES_UNREADABLE: {
    meaning: 'A certificate authority or a client certificate for a registry cannot be used.',
    remedy: 'Give readable PEM files; every client NAME.cert needs its NAME.key beside it.',
  },
  REGISTRY_PLAIN_HTTP: {
    meaning: 'A registry that is not on this machine would be spoken to without TLS.',
    remedy: 'Use a registry with TLS, or accept the risk explicitly with --plain-http.',
  },
  REGISTRY_TOKEN_SERVER_REFUSED: {
    meaning:
      'A registry sends its clients to a token server without TLS on another host, or to another one than before. Credentials are not sent there.',
    remedy:
      'Check that the registry is the one you mean. Its operator must give the token server TLS: compare `curl -sI https://REGISTRY/v2/ | grep -i www-authenticate`.',
  },
  REGISTRY_TOO_SLOW: {
    meaning: 'A registry sent or took a body more slowly than 16 KiB a second, and longer than two minutes.',
    remedy: 'Check the network, for example with `curl -o /dev/null https://REGISTRY/v2/`, then run again.',
  },
  REGISTRY_UNREACHABLE: {
    meaning: 'The connection to a registry could not be made, broke, or went silent for too long.',
    remedy: 'Check the host name and the network, then run again: what has been sent is not sent twice.',
  },
  REGISTRY_TLS_FAILED: {
    meaning: 'No trusted TLS connection to a registry could be made.',
    remedy:
      'Give the certificate authority of a private registry, or --plain-http if it really speaks no TLS and you accept that.',
  },
  REGISTRY_UNAUTHORIZED: {
    meaning: 'A registry, or its token server, did not accept the credentials, or none were found for it.',
    remedy: 'Log in with docker login or podman login, or set REGISTRY_USERNAME and REGISTRY_PASSWORD.',
  },
  REGISTRY_DENIED: {
    meaning: 'A registry knows who asks and does not allow it.',
    remedy: 'Ask for the right to do this in the named repository, or use a token that has it.',
  },
  REGISTRY_NOT_FOUND: {
    meaning: 'A registry does not have the repository, manifest, blob or upload session asked for.',
    remedy:
      'Check the name. Some registries answer so as well when the credentials do not reach the repository.',
  },
  REGISTRY_RATE_LIMITED: {
    meaning: 'A registry answers that it was asked too often.',
    remedy: 'Wait as long as the message says and run again; logging in often raises the limit.',
  },
  REGISTRY_UNAVAILABLE: {
    meaning: 'A registry failed on its own side, again after several attempts.',
    remedy: 'Run again later: what has been sent is not sent twice.',
  },
  REGISTRY_REFUSED: {
    meaning: 'A registry refused a request as wrong.',
    remedy: "Read the registry's own code and message; the same request will be refused again.",
  },
  REGISTRY_PROTOCOL_BROKEN: {
    meaning: 'A server answered in a way the OCI distribution specification does not know.',
    remedy: 'Check that the address is that of a registry and not of a proxy or a login page.',
  },
  REGISTRY_DIGEST_MISMATCH: {
    meaning: 'What a registry served or stored does not have the digest it must have.',
    remedy: 'Do not use the content. Report it to the owner of the registry; something between altered it.',
  },
  REGISTRY_ANSWER_TOO_LARGE: {
    meaning: 'A registry answered with more bytes than the thing asked for may have.',
    remedy: 'Check what is stored under the named reference; a manifest has at most 4 MiB.',
  },
  MANIFEST_TYPE_MISMATCH: {
    meaning: 'The media type inside a manifest is not the one it is sent or served as.',
    remedy: 'Push the manifest again with the media type it names itself.',
  },
  REFERRERS_CONTESTED: {
    meaning:
      'Several processes change the list of what refers to one manifest, and kept undoing this one’s change.',
    remedy: 'Run again when the others are through. The manifest itself is stored; only the list lacks it.',
  },
  UPLOAD_SOURCE_WRONG: {
    meaning: 'The local source of a blob could not be read, or has another size than it claims.',
    remedy: 'Make the blob anew; the file was changed or damaged since its size and digest were taken.',
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

/** What is known of a request that failed. */
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
    super(REGISTRY_ERRORS, code, `${request.method} ${request.address}: ${message}`, cause);
    this.method = request.method;
    this.address = request.address;
    this.status = request.status;
    this.details = request.details ?? [];
    this.temporary = request.temporary ?? false;
    this.retryAfterMs = request.retryAfterMs;
  }
}
