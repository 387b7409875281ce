import { RegistryError } from './errors.ts';

/** Why an upload cannot go on in its session. Not for users: either another session succeeds, or `reason` is thrown. */
export class SessionEnded {
  /** Always temporary: the blob may succeed in another session, even if this one is lost for good. */
  readonly reason: RegistryError;

  constructor(error: RegistryError) {
    const { code, method, address, status, temporary } = error;
    const request = { method, address, temporary: true, ...(status !== undefined && { status }) };
    this.reason = temporary ? error : new RegistryError(code, 'the upload session ended', request, error);
  }
}

/**
 * The registry does not follow the chunk protocol: Google's does not know chunks, GitHub's none over 4 MiB, and
 * Amazon's reports a Range that does not move. Each of them takes a blob of any size in one request.
 */
export class ChunksRefused extends SessionEnded {}
