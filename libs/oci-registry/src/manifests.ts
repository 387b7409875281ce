import { type Descriptor, MANIFEST_TYPES, type Manifest } from './descriptor.ts';
import { digestOf, isDigest } from './digest.ts';
import { LocalContentError, RegistryError } from './errors.ts';
import { type Asked, brokenProtocol, shown } from './failures.ts';
import { type Call, type Http, lengthOf } from './http.ts';
import { readBytes } from './read.ts';
import { checkTagOrDigest } from './reference.ts';
import { shownAddress } from './secret.ts';
import type { Incoming } from './transport.ts';

/** "Client and registry implementations SHOULD expect to be able to support manifest pushes of at least 4 megabytes." */
export const MAX_MANIFEST = 4 << 20;

/** The answer to HEAD of a manifest: its digest, and the rest if the registry sends it. */
export interface ManifestHead {
  readonly digest: string;
  readonly mediaType: string | undefined;
  /** Bytes. */
  readonly size: number | undefined;
}

/** A manifest stored, and the subject the registry itself has filed it under, if it has. */
interface Stored {
  readonly descriptor: Descriptor;
  readonly subject: string | undefined;
}

/**
 * The manifest a tag or digest names, by HEAD, which Docker Hub does not count as a pull; `undefined` when there
 * is none. A registry that leaves Docker-Content-Digest out is asked by one GET, and the digest computed here.
 */
export async function headManifest(
  http: Http,
  repository: string,
  reference: string,
): Promise<ManifestHead | undefined> {
  const call = await manifestCall(http, 'HEAD', repository, reference, [200, 404]);
  const answer = await http.retried(call, async (incoming) => {
    await incoming.discard();
    return incoming;
  });
  if (answer.status === 404) return undefined;
  const digest = answer.header('docker-content-digest') ?? '';
  if (!isDigest(digest)) {
    const { bytes: _, ...descriptor } = await getManifest(http, repository, reference, MAX_MANIFEST);
    return descriptor;
  }
  if (isDigest(reference)) checkServedDigest(answer, reference, call);
  return { digest, mediaType: typeOf(answer), size: lengthOf(answer) };
}

/**
 * A manifest with its content, whose digest is computed here and compared with the one asked for and the
 * one the registry names.
 *
 * @param limit bytes
 * @throws RegistryError REGISTRY_NOT_FOUND, REGISTRY_ANSWER_TOO_LARGE, REGISTRY_DIGEST_MISMATCH
 * @throws LocalContentError MANIFEST_TYPE_MISMATCH
 */
export async function getManifest(
  http: Http,
  repository: string,
  reference: string,
  limit: number,
): Promise<Manifest> {
  const call = await manifestCall(http, 'GET', repository, reference, [200]);
  return http.retried(call, async (answer) => {
    const bytes = await readBytes(answer, limit, call);
    const digest = digestOf(bytes);
    if (isDigest(reference) && digest !== reference) throw mismatch(call, reference, digest);
    checkServedDigest(answer, digest, call);
    const mediaType = typeOf(answer);
    if (mediaType === undefined) throw brokenProtocol(call, 'answers without a Content-Type', answer.status);
    checkMediaType(bytes, mediaType, shownAddress(call.url));
    return { mediaType, digest, size: bytes.byteLength, bytes };
  });
}

/**
 * Stores a manifest under a tag or its digest, and makes sure the registry took it for the same. Only 201 means
 * stored; after another success the registry is asked whether it has it.
 *
 * @throws RegistryError REGISTRY_DIGEST_MISMATCH, REGISTRY_PROTOCOL_BROKEN
 * @throws LocalContentError UPLOAD_SOURCE_WRONG, MANIFEST_TYPE_MISMATCH, before anything is sent
 */
export async function putManifest(
  http: Http,
  repository: string,
  reference: string,
  { mediaType, bytes }: Pick<Manifest, 'mediaType' | 'bytes'>,
): Promise<Stored> {
  const call: Call = {
    ...(await manifestCall(http, 'PUT', repository, reference, [200, 201, 202])),
    headers: { 'content-type': mediaType },
    body: bytes,
  };
  const digest = digestOf(bytes);
  if (isDigest(reference) && digest !== reference) {
    throw new LocalContentError(
      'UPLOAD_SOURCE_WRONG',
      `the manifest to store as ${reference} has digest ${digest}`,
    );
  }
  checkMediaType(bytes, mediaType, shownAddress(call.url));
  const answer = await http.retried(call, async (incoming) => {
    await incoming.discard();
    checkServedDigest(incoming, digest, call);
    return incoming;
  });
  if (answer.status !== 201 && (await headManifest(http, repository, reference))?.digest !== digest)
    throw brokenProtocol(call, 'accepts the manifest and does not have it', answer.status);
  return {
    descriptor: { mediaType, digest, size: bytes.byteLength },
    subject: answer.header('oci-subject'),
  };
}

async function manifestCall(
  http: Http,
  method: 'HEAD' | 'GET' | 'PUT',
  repository: string,
  reference: string,
  expect: readonly number[],
): Promise<Call> {
  const url = await http.address(`${repository}/manifests/${checkTagOrDigest(reference)}`);
  const access: Call['access'] = { repository, actions: method === 'PUT' ? ['pull', 'push'] : ['pull'] };
  return { method, url, access, expect, headers: { accept: MANIFEST_TYPES.join(', ') } };
}

/** Docker-Content-Digest must be the digest we know, unless it is of another algorithm. */
export function checkServedDigest(answer: Incoming, digest: string, asked: Asked): void {
  const served = answer.header('docker-content-digest');
  if (served?.startsWith('sha256:') && served !== digest) throw mismatch(asked, digest, served);
}

export function mismatch({ method, url }: Asked, wanted: string, got: string): RegistryError {
  const words = `should have digest ${wanted} and has ${got}`;
  return new RegistryError('REGISTRY_DIGEST_MISMATCH', words, { method, address: shownAddress(url) });
}

// "The client SHOULD ignore parameters on the Content-Type header."
function typeOf(answer: Incoming): string | undefined {
  return answer.header('content-type')?.split(';')[0]?.trim().toLowerCase();
}

/** A manifest as an object; an empty one if it is not a JSON object, which the registry then refuses. */
export function fieldsOf(bytes: Uint8Array): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function checkMediaType(bytes: Uint8Array, mediaType: string, where: string): void {
  const named = fieldsOf(bytes).mediaType;
  if (named !== undefined && named !== mediaType) {
    throw new LocalContentError(
      'MANIFEST_TYPE_MISMATCH',
      `${where} is ${shown(mediaType)} and its own mediaType is ${shown(String(named))}`,
    );
  }
}
