import { checkDigest, hashFor } from './digest.ts';
import { RegistryError } from './errors.ts';
import { brokenProtocol } from './failures.ts';
import type { Call, Http } from './http.ts';
import { checkServedDigest, mismatch } from './manifests.ts';
import { shownAddress } from './secret.ts';
import type { Incoming } from './transport.ts';

/** Which blob, and how many bytes it has if that is known. */
export interface BlobName {
  readonly digest: string;
  readonly size?: number;
}

/** The blob's size in bytes, where the registry tells it; `undefined` when the repository does not have the blob. */
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
 * A blob's bytes. After a drop the rest is asked for by Range; a registry that knows no ranges is read from
 * the beginning and what is already known is skipped. Only when the iteration ends without an error are the
 * bytes those of the digest: a consumer keeps nothing before that.
 *
 * @throws RegistryError REGISTRY_NOT_FOUND, REGISTRY_DIGEST_MISMATCH, REGISTRY_ANSWER_TOO_LARGE
 */
export async function* getBlob(
  http: Http,
  repository: string,
  { digest, size }: BlobName,
): AsyncGenerator<Uint8Array> {
  const hash = hashFor(checkDigest(digest));
  const whole = await blobCall(http, 'GET', repository, digest, [200, 206]);
  let [received, expected, marked] = [0, size, 0];
  const tries = http.retries.begin();
  while (received === 0 || received !== expected) {
    // Ranges are of the bytes as stored: no compression on the way.
    const range: Record<string, string> = received > 0 ? { range: `bytes=${received}-` } : {};
    const call: Call = { ...whole, headers: { 'accept-encoding': 'identity', ...range } };
    try {
      const answer = await http.once(call);
      expected ??= lengthOf(answer);
      for await (const chunk of after(answer, received, call)) {
        received += chunk.byteLength;
        if (expected !== undefined && received > expected) throw tooLarge(call, expected);
        hash.update(chunk);
        yield chunk;
      }
      if (expected === undefined || received === expected) break;
      throw cutShort(call, received, expected);
    } catch (error) {
      if (received - marked >= GOOD_PROGRESS) tries.progressed();
      marked = received;
      await tries.failed(error);
    }
  }
  const got = `${digest.slice(0, digest.indexOf(':'))}:${hash.digest('hex')}`;
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
    if (rest.byteLength > 0) yield rest;
  }
}

/** Where in the blob the answer begins: Content-Range `bytes 5-9/10`, RFC 9110, section 14.4. */
function startOf(answer: Incoming): number {
  return answer.status === 206
    ? Number(/^bytes (\d+)-/.exec(answer.header('content-range') ?? '')?.[1] ?? Number.NaN)
    : 0;
}

function lengthOf(answer: Incoming): number | undefined {
  const length = answer.header('content-length');
  return answer.status === 200 && length !== undefined ? Number(length) : undefined;
}

function cutShort({ method, url }: Call, received: number, expected: number): RegistryError {
  const request = { method, address: shownAddress(url), temporary: true };
  return new RegistryError('REGISTRY_UNREACHABLE', `ended after ${received} of ${expected} bytes`, request);
}

function tooLarge({ method, url }: Call, expected: number): RegistryError {
  const request = { method, address: shownAddress(url) };
  return new RegistryError('REGISTRY_ANSWER_TOO_LARGE', `has more than ${expected} bytes`, request);
}

async function blobCall(
  http: Http,
  method: string,
  repository: string,
  digest: string,
  expect: readonly number[],
): Promise<Call> {
  const url = await http.address(`${repository}/blobs/${checkDigest(digest)}`);
  const access = { repository, actions: ['pull'] } as const;
  return { method, url, access, expect };
}
