import { brokenProtocol } from './failures.ts';
import type { Call, Http } from './http.ts';
import { type Body, type Incoming, resolveAddress } from './transport.ts';

/** An upload that a registry has begun; where its next part goes. */
export interface UploadSession {
  readonly repository: string;
  readonly location: URL;
  /** The fewest bytes a chunk may have unless it is the last (OCI-Chunk-Min-Length). */
  readonly minChunk: number;
}

const OCTETS = { 'content-type': 'application/octet-stream' };

/** Asks for a session, or, with `mount`, for a blob of another repository: a 201 says that it is mounted. */
export async function requestSession(
  http: Http,
  repository: string,
  mount?: { readonly digest: string; readonly from: string },
): Promise<UploadSession | 'mounted'> {
  const query = mount ? { mount: mount.digest, from: mount.from } : {};
  const call: Call = {
    method: 'POST',
    url: await http.address(`${repository}/blobs/uploads/`, query),
    access: pushTo(repository, mount?.from),
    body: new Uint8Array(),
    expect: mount ? [201, 202] : [202],
  };
  return http.retried(call, async (answer) => {
    await answer.discard();
    if (answer.status === 201) return 'mounted';
    return { repository, minChunk: minChunkOf(answer, call), location: nextLocation(answer, call) };
  });
}

/** Sends the blob, or nothing when all chunks are there, and closes the session. */
export async function putBlob(
  http: Http,
  session: UploadSession,
  digest: string,
  body: Body | Uint8Array = new Uint8Array(),
): Promise<void> {
  const url = new URL(session.location);
  // The registry's own parameters stay byte for byte as they are: a signature may cover them.
  url.search = `${url.search === '' ? '?' : `${url.search}&`}digest=${encodeURIComponent(digest)}`;
  const answer = await http.once({
    method: 'PUT',
    url,
    access: pushTo(session.repository),
    headers: OCTETS,
    body,
    expect: [201, 204],
  });
  await answer.discard();
}

/**
 * Sends the chunk that begins at `offset`.
 * @returns the session after it, and how many bytes of the blob the registry says it has, if it does.
 */
export async function patchChunk(
  http: Http,
  session: UploadSession,
  offset: number,
  body: Body,
): Promise<{ session: UploadSession; end: number | undefined }> {
  const call: Call = {
    method: 'PATCH',
    url: session.location,
    access: pushTo(session.repository),
    headers: { ...OCTETS, 'content-range': `${offset}-${offset + body.size - 1}` },
    body,
    expect: [202],
  };
  const answer = await http.once(call);
  await answer.discard();
  return { session: { ...session, location: nextLocation(answer, call) }, end: rangeEnd(answer) };
}

/** How much of the blob the registry has. */
export async function askStatus(
  http: Http,
  session: UploadSession,
): Promise<{ session: UploadSession; end: number }> {
  const call: Call = {
    method: 'GET',
    url: session.location,
    access: pushTo(session.repository),
    expect: [200, 202, 204],
  };
  return http.retried(call, async (answer) => {
    await answer.discard();
    const location = answer.header('location') === undefined ? session.location : nextLocation(answer, call);
    return { session: { ...session, location }, end: rangeEnd(answer) ?? 0 };
  });
}

/** Asks the registry to forget the upload. "Clients SHOULD ignore any failures." */
export async function cancelSession(http: Http, session: UploadSession): Promise<void> {
  const access = pushTo(session.repository);
  await http
    .once({ method: 'DELETE', url: session.location, access, expect: [200, 202, 204] })
    .then((answer) => answer.discard())
    .catch(() => undefined);
}

function pushTo(repository: string, from?: string): Call['access'] {
  return { repository, actions: ['pull', 'push'], ...(from !== undefined && { from }) };
}

function nextLocation(answer: Incoming, call: Call): URL {
  const location = answer.header('location');
  if (location === undefined)
    throw brokenProtocol(call, 'does not say where the upload goes on', answer.status);
  return resolveAddress(location, call);
}

/** https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#pushing-a-blob-in-chunks */
function minChunkOf(answer: Incoming, call: Call): number {
  const length = answer.header('oci-chunk-min-length') ?? '0';
  if (!/^\d{1,15}$/.test(length))
    throw brokenProtocol(call, 'answers with an OCI-Chunk-Min-Length that is not a number', answer.status);
  return Number(length);
}

/** `Range: 0-<position of the last byte>`, as a count of bytes. Some write `bytes=0-…`. */
function rangeEnd(answer: Incoming): number | undefined {
  const last = /^(?:bytes=)?0-(\d+)$/.exec(answer.header('range') ?? '')?.[1];
  return last === undefined ? undefined : Number(last) + 1;
}
