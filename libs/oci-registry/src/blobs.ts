import { createHash } from 'node:crypto';
import { checkDigest } from './digest.ts';
import { RegistryError } from './errors.ts';
import { brokenProtocol, tooLarge } from './failures.ts';
import { type Call, type Http, lengthOf } from './http.ts';
import { checkServedDigest, mismatch } from './manifests.ts';
import { shownAddress } from './secret.ts';
import type { Incoming } from './transport.ts';

/** Which blob, and its size in bytes, as a descriptor names it. */
export interface BlobName {
  readonly digest: string;
  readonly size: number;
}

/** The blob's size in bytes, where the registry reports it; `undefined` when the repository does not have the blob. */
export async function headBlob(
  http: Http,
  repository: string,
  digest: string,
): Promise<{ size: number | undefined } | undefined> {
  const call = await blobCall(http, 'HEAD', repository, digest, [200, 404]);
  return http.retried(call, async (answer) => {
    await answer.discard();
    if (answer.status === 404) return undefined;
    checkServedDigest(answer, digest, call);
    return { size: lengthOf(answer) };
  });
}

// A connection that carried so much before it broke is worth a fresh count of attempts.
const GOOD_PROGRESS = 1 << 20;

/**
 * A blob's bytes. After a drop the rest is asked for by Range; a registry without ranges is read from the
 * beginning, and the bytes that are already known are skipped. Only when the iteration ends without an error are
 * the bytes those of the digest: a consumer keeps nothing before that.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#pulling-blobs
 *
 * @throws RegistryError REGISTRY_NOT_FOUND, REGISTRY_DIGEST_MISMATCH, REGISTRY_ANSWER_TOO_LARGE, REGISTRY_TOO_SLOW
 */
export async function* getBlob(
  http: Http,
  repository: string,
  { digest, size }: BlobName,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  const whole = await blobCall(http, 'GET', repository, digest, [200, 206]);
  let [received, marked] = [0, 0];
  const tries = http.retries.begin();
  while (received === 0 || received < size) {
    // Ranges are of the bytes as stored: no compression on the way.
    const range: Record<string, string> = received > 0 ? { range: `bytes=${received}-` } : {};
    const call: Call = { ...whole, headers: { 'accept-encoding': 'identity', ...range } };
    try {
      const answer = await http.once(call);
      for await (const chunk of after(answer, received, call)) {
        received += chunk.byteLength;
        if (received > size) throw tooLarge(call, size, 'bytes');
        hash.update(chunk);
        yield chunk;
      }
      if (received === size) break;
      throw cutShort(call, received, size);
    } catch (error) {
      if (received - marked >= GOOD_PROGRESS) tries.progressed();
      marked = received;
      await tries.failed(error);
    }
  }
  const got = `sha256:${hash.digest('hex')}`;
  if (got !== digest) throw mismatch(whole, digest, got);
}

/** The answer's bytes from an offset in the blob on, whatever part of the blob the answer is. */
async function* after(answer: Incoming, offset: number, call: Call): AsyncGenerator<Uint8Array> {
  const start = startOf(answer);
  if (!(start <= offset)) {
    await answer.discard();
    throw brokenProtocol(call, `answers with another range than the one from ${offset} on`, answer.status);
  }
  let skip = offset - start;
  for await (const chunk of answer.body()) {
    const rest = chunk.subarray(Math.min(skip, chunk.byteLength));
    skip -= chunk.byteLength - rest.byteLength;
    yield rest;
  }
}

/** Where in the blob the answer begins: Content-Range `bytes 5-9/10`, RFC 9110, section 14.4. */
function startOf(answer: Incoming): number {
  return answer.status === 206
    ? Number(/^bytes (\d+)-/.exec(answer.header('content-range') ?? '')?.[1] ?? Number.NaN)
    : 0;
}

function cutShort({ method, url }: Call, received: number, expected: number): RegistryError {
  const request = { method, address: shownAddress(url), temporary: true };
  return new RegistryError('REGISTRY_UNREACHABLE', `ended after ${received} of ${expected} bytes`, request);
}

async function blobCall(
  http: Http,
  method: 'HEAD' | 'GET',
  repository: string,
  digest: string,
  expect: readonly number[],
): Promise<Call> {
  const url = await http.address(`${repository}/blobs/${checkDigest(digest)}`);
  const access = { repository, actions: ['pull'] } as const;
  return { method, url, access, expect };
}
