import { type Descriptor, MANIFEST_TYPES, type Manifest } from './descriptor.ts';
import { digestOf, isVerifiable, sameAlgorithm } from './digest.ts';
import { LocalContentError, RegistryError } from './errors.ts';
import { type Asked, brokenProtocol } from './failures.ts';
import type { Call, Http } from './http.ts';
import { readBytes } from './read.ts';
import { checkTagOrDigest } from './reference.ts';
import { shownAddress } from './secret.ts';
import type { Incoming } from './transport.ts';

/** "Client and registry implementations SHOULD expect to be able to support manifest pushes of at least 4 megabytes." */
export const MAX_MANIFEST = 4 << 20;

/** A manifest stored, and the subject the registry itself has filed it under, if it has. */
export interface Stored {
  readonly descriptor: Descriptor;
  readonly subject: string | undefined;
}

/** The manifest a tag or digest names, without its content; `undefined` when there is none. */
export async function headManifest(
  http: Http,
  repository: string,
  reference: string,
): Promise<Descriptor | undefined> {
  const call = await manifestCall(http, 'HEAD', repository, reference, [200, 404]);
  const answer = await http.retried(call, async (incoming) => {
    await incoming.discard();
    return incoming;
  });
  if (answer.status === 404) return undefined;
  const digest = answer.header('docker-content-digest');
  const [mediaType, size] = [typeOf(answer), Number(answer.header('content-length') ?? Number.NaN)];
  // Old registries leave headers out: then only the content tells.
  if (digest === undefined || mediaType === undefined || Number.isNaN(size)) {
    const { bytes: _, ...descriptor } = await getManifest(http, repository, reference, MAX_MANIFEST);
    return descriptor;
  }
  if (reference.includes(':')) checkServedDigest(answer, reference, call);
  return { mediaType, digest, size };
}

/**
 * A manifest with its content, whose digest is computed here and compared with the one asked for and the
 * one the registry names.
 *
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
    const served = answer.header('docker-content-digest');
    const digest = digestOf(
      bytes,
      reference.includes(':') ? reference : served && isVerifiable(served) ? served : undefined,
    );
    if (reference.includes(':') && digest !== reference) throw mismatch(call, reference, digest);
    checkServedDigest(answer, digest, call);
    const mediaType = typeOf(answer);
    if (mediaType === undefined) throw brokenProtocol(call, 'answers without a Content-Type', answer.status);
    checkMediaType(bytes, mediaType, shownAddress(call.url));
    return { mediaType, digest, size: bytes.byteLength, bytes };
  });
}

/** Stores a manifest under a tag or its digest, and makes sure the registry took it for the same. */
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
  const digest = digestOf(bytes, reference.includes(':') ? reference : undefined);
  if (reference.includes(':') && digest !== reference) {
    throw new LocalContentError(
      'UPLOAD_SOURCE_WRONG',
      `the manifest to store as ${reference} has digest ${digest}`,
    );
  }
  checkMediaType(bytes, mediaType, shownAddress(call.url));
  return http.retried(call, async (answer) => {
    await answer.discard();
    checkServedDigest(answer, digest, call);
    return {
      descriptor: { mediaType, digest, size: bytes.byteLength },
      subject: answer.header('oci-subject'),
    };
  });
}

/** `false` when there was nothing to delete. */
export async function deleteManifest(http: Http, repository: string, reference: string): Promise<boolean> {
  const call = await manifestCall(http, 'DELETE', repository, reference, [200, 202, 204, 404]);
  return http.retried(call, async (answer) => {
    await answer.discard();
    return answer.status !== 404;
  });
}

async function manifestCall(
  http: Http,
  method: string,
  repository: string,
  reference: string,
  expect: readonly number[],
): Promise<Call> {
  const url = await http.address(`${repository}/manifests/${checkTagOrDigest(reference)}`);
  const actions = { PUT: ['pull', 'push'], DELETE: ['delete'] }[method] ?? ['pull'];
  const access = { repository, actions: actions as Call['access']['actions'] };
  return { method, url, access, expect, headers: { accept: MANIFEST_TYPES.join(', ') } };
}

/** Docker-Content-Digest must be the digest we know, unless it is of another algorithm. */
export function checkServedDigest(answer: Incoming, digest: string, asked: Asked): void {
  const served = answer.header('docker-content-digest');
  if (served !== undefined && served !== digest && sameAlgorithm(served, digest)) {
    throw mismatch(asked, digest, served);
  }
}

export function mismatch({ method, url }: Asked, wanted: string, got: string): RegistryError {
  const words = `should have digest ${wanted} and has ${got}`;
  return new RegistryError('REGISTRY_DIGEST_MISMATCH', words, { method, address: shownAddress(url) });
}

// "The client SHOULD ignore parameters on the Content-Type header."
function typeOf(answer: Incoming): string | undefined {
  return answer.header('content-type')?.split(';')[0]?.trim().toLowerCase();
}

/** A manifest as an object; an empty one when it is no JSON object, which is for the registry to refuse. */
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
      `${where} is ${mediaType} and calls itself ${named}`,
    );
  }
}
