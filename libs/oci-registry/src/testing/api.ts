import type { IncomingHttpHeaders } from 'node:http';
import { beginUpload, findManifest, referrersOf, type Store, sha256, tagsOf } from './store.ts';

/** The abilities of a registry. Without any, it follows the specification. */
export interface Traits {
  /** `false`: no referrers API. */
  readonly referrers?: boolean;
  /** `false`: Range is ignored. */
  readonly ranges?: boolean;
  /** `false`: Docker-Content-Digest is left out. */
  readonly digestHeader?: boolean;
  /** `false`: a mount begins an upload instead; `denied`: it is refused. */
  readonly mounts?: boolean | 'denied';
  /** `refused`: 416 for every chunk; `lost`: their session is forgotten; `stuck`: the reported Range does not move after the first. */
  readonly chunks?: 'taken' | 'refused' | 'lost' | 'stuck';
  readonly chunkMinLength?: number;
  /** `false`: a chunk is appended wherever Content-Range says it belongs, as docker-registry 2.8 does it. */
  readonly chunkOrder?: boolean;
  /** Tags, and referrers, on one page. */
  readonly pageSize?: number;
  /** Sent with every answer. */
  readonly warning?: string;
}

export interface Question {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

const INDEX = 'application/vnd.oci.image.index.v1+json';

/** The distribution API, version 1.1, over a store: a question in, an answer out. */
export function answerApi(store: Store, traits: Traits, question: Question): Answer {
  const { pathname } = question.url;
  // By which other clients find out what they speak to.
  if (pathname === '/v2/') return json(200, {});
  const [, repository = '', kind, rest = ''] =
    /^\/v2\/(.+)\/(blobs\/uploads|blobs|manifests|tags|referrers)\/(.*)$/.exec(pathname) ?? [];
  const handler = { 'blobs/uploads': uploads, blobs, manifests, tags, referrers }[kind ?? ''];
  return handler?.(store, traits, question, repository, rest) ?? failure(404, 'NAME_UNKNOWN');
}

export function failure(
  status: number,
  code: string,
  message = code.toLowerCase().replaceAll('_', ' '),
): Answer {
  return json(status, { errors: [{ code, message }] });
}

function json(
  status: number,
  value: unknown,
  type = 'application/json',
  headers: Record<string, string> = {},
): Answer {
  return { status, headers: { 'content-type': type, ...headers }, body: Buffer.from(JSON.stringify(value)) };
}

function digestHeader(traits: Traits, digest: string): Record<string, string> {
  return traits.digestHeader === false ? {} : { 'docker-content-digest': digest };
}

function blobs(
  store: Store,
  traits: Traits,
  { method, headers }: Question,
  repository: string,
  digest: string,
): Answer {
  const blob = store.blobs.get(`${repository}@${digest}`);
  if (!blob) return failure(404, 'BLOB_UNKNOWN');
  if (method !== 'GET' && method !== 'HEAD') return failure(405, 'UNSUPPORTED');
  return blobAnswer(blob, traits, headers.range, digestHeader(traits, digest));
}

/** A blob, or the part of it that Range asks for. */
export function blobAnswer(
  blob: Buffer,
  traits: Traits,
  range: string | undefined,
  headers: Record<string, string>,
): Answer {
  const type = { 'content-type': 'application/octet-stream', ...headers };
  const from = traits.ranges === false ? undefined : /^bytes=(\d+)-$/.exec(range ?? '')?.[1];
  if (from === undefined) return { status: 200, headers: type, body: blob };
  const part = blob.subarray(Number(from));
  if (part.byteLength === 0) return failure(416, 'RANGE_INVALID');
  const contentRange = `bytes ${from}-${blob.byteLength - 1}/${blob.byteLength}`;
  return { status: 206, headers: { ...type, 'content-range': contentRange }, body: part };
}

function manifests(
  store: Store,
  traits: Traits,
  { method, headers, body }: Question,
  repository: string,
  reference: string,
): Answer {
  const found = findManifest(store, repository, reference);
  if (method === 'PUT') {
    const digest = sha256(body);
    if (reference.includes(':') && reference !== digest) return failure(400, 'DIGEST_INVALID');
    store.manifests.set(`${repository}@${digest}`, {
      mediaType: headers['content-type'] ?? '',
      bytes: Buffer.from(body),
    });
    if (!reference.includes(':')) store.tags.set(`${repository}:${reference}`, digest);
    const subject = JSON.parse(body.toString()).subject?.digest;
    const filed = subject && traits.referrers !== false ? { 'oci-subject': subject } : {};
    const location = `/v2/${repository}/manifests/${digest}`;
    return { status: 201, headers: { location, ...filed, ...digestHeader(traits, digest) } };
  }
  if (!found) return failure(404, 'MANIFEST_UNKNOWN');
  if (method !== 'GET' && method !== 'HEAD') return failure(405, 'UNSUPPORTED');
  return {
    status: 200,
    headers: { 'content-type': found.mediaType, ...digestHeader(traits, found.digest) },
    body: found.bytes,
  };
}

function tags(store: Store, { pageSize = 1000 }: Traits, { url }: Question, repository: string): Answer {
  const all = tagsOf(store, repository);
  if (all.length === 0) return failure(404, 'NAME_UNKNOWN');
  const start = url.searchParams.has('last') ? all.indexOf(url.searchParams.get('last') ?? '') + 1 : 0;
  const page = all.slice(start, start + pageSize);
  const more = start + pageSize < all.length;
  const link = { link: `</v2/${repository}/tags/list?n=${pageSize}&last=${page.at(-1)}>; rel="next"` };
  return json(200, { name: repository, tags: page }, 'application/json', more ? link : {});
}

function referrers(
  store: Store,
  traits: Traits,
  { url }: Question,
  repository: string,
  digest: string,
): Answer {
  if (traits.referrers === false) return { status: 404, body: Buffer.from('404 page not found\n') };
  const { pageSize = 1000 } = traits;
  const wanted = url.searchParams.get('artifactType');
  const all = referrersOf(store, repository, digest, wanted);
  const start = Number(url.searchParams.get('start') ?? 0);
  const headers = {
    ...(wanted !== null && { 'oci-filters-applied': 'artifactType' }),
    ...(start + pageSize < all.length && { link: `<?start=${start + pageSize}>; rel="next"` }),
  };
  const index = { schemaVersion: 2, mediaType: INDEX, manifests: all.slice(start, start + pageSize) };
  return json(200, index, INDEX, headers);
}

function uploads(store: Store, traits: Traits, question: Question, repository: string, id: string): Answer {
  if (question.method === 'POST') return begin(store, traits, question.url, repository);
  const upload = store.uploads.get(id);
  // The state must come back as it was given, as docker-registry wants it.
  if (!upload || question.url.searchParams.get('_state') !== stateOf(id))
    return failure(404, 'BLOB_UPLOAD_UNKNOWN');
  const size = () => upload.chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
  const place = (): Record<string, string> => ({
    location: locationOf(repository, id),
    range: `0-${Math.max(0, (traits.chunks === 'stuck' ? (upload.chunks[0]?.byteLength ?? 0) : size()) - 1)}`,
  });
  if (question.method === 'DELETE') {
    store.uploads.delete(id);
    return { status: 204 };
  }
  if (question.method === 'GET') return { status: 204, headers: place() };
  const range = /^(\d+)-(\d+)$/.exec(question.headers['content-range'] ?? '');
  const misplaced =
    traits.chunkOrder !== false &&
    range &&
    (Number(range[1]) !== size() || Number(range[2]) - Number(range[1]) + 1 !== question.body.byteLength);
  if (misplaced || (question.method === 'PATCH' && traits.chunks === 'refused'))
    return failure(416, 'RANGE_INVALID');
  if (question.method === 'PATCH' && traits.chunks === 'lost') {
    store.uploads.delete(id);
    return failure(404, 'BLOB_UPLOAD_UNKNOWN');
  }
  upload.chunks.push(question.body);
  return question.method === 'PATCH'
    ? { status: 202, headers: place() }
    : finish(store, traits, question.url, repository, id);
}

function begin(
  store: Store,
  { mounts = true, chunkMinLength }: Traits,
  url: URL,
  repository: string,
): Answer {
  const [digest, from] = [url.searchParams.get('mount'), url.searchParams.get('from')];
  if (digest !== null && mounts === 'denied') return failure(403, 'DENIED');
  const blob = digest !== null && mounts ? store.blobs.get(`${from}@${digest}`) : undefined;
  if (blob) {
    store.blobs.set(`${repository}@${digest}`, blob);
    return { status: 201, headers: { location: `/v2/${repository}/blobs/${digest}` } };
  }
  const minimum = chunkMinLength === undefined ? {} : { 'oci-chunk-min-length': String(chunkMinLength) };
  return {
    status: 202,
    headers: { location: locationOf(repository, beginUpload(store, repository)), ...minimum },
  };
}

function finish(store: Store, traits: Traits, url: URL, repository: string, id: string): Answer {
  const blob = Buffer.concat(store.uploads.get(id)?.chunks ?? []);
  store.uploads.delete(id);
  const digest = url.searchParams.get('digest') ?? '';
  if (sha256(blob) !== digest)
    return failure(400, 'DIGEST_INVALID', 'provided digest did not match uploaded content');
  store.blobs.set(`${repository}@${digest}`, blob);
  return {
    status: 201,
    headers: { location: `/v2/${repository}/blobs/${digest}`, ...digestHeader(traits, digest) },
  };
}

function locationOf(repository: string, id: string): string {
  return `/v2/${repository}/blobs/uploads/${id}?_state=${encodeURIComponent(stateOf(id))}`;
}

// With characters that do not survive a careless rewriting of the query.
function stateOf(id: string): string {
  return `s+/=&${id}`;
}
