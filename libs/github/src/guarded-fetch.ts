import { printable } from '@qemu-user-static/errors';
import { bounded } from '@qemu-user-static/http';
import { type Dispatcher, fetch } from 'undici';
import { GitHubError } from './errors.ts';

/** Bytes of one answer: far more than any list or file of a release. */
const MAX_BODY = 64 << 20;
/** Milliseconds for one request, its body and the answer's; an upload of 20 MB is done in them at 35 kB/s. */
const DEADLINE_MS = 10 * 60_000;

export interface GuardSettings {
  /** Address of the REST API. */
  readonly baseUrl: string;
  readonly token: string | undefined;
  readonly dispatcher: Dispatcher;
  readonly maxBody?: number | undefined;
  readonly deadlineMs?: number | undefined;
}

type Init = Parameters<typeof fetch>[1];

/**
 * A `fetch` that sends the token to the API and its upload host alone, reads no more than a bounded body in bounded time,
 * and removes the token from what is answered, whoever repeats it.
 *
 * @throws GitHubError GITHUB_ADDRESS_FOREIGN, GITHUB_ANSWER_UNBOUNDED
 */
export function guardedFetch(settings: GuardSettings): (url: string, init?: Init) => Promise<Response> {
  const { baseUrl, token, dispatcher, maxBody = MAX_BODY, deadlineMs = DEADLINE_MS } = settings;
  const origins = new Set([new URL(baseUrl).origin, uploadOrigin(baseUrl)]);
  // GitHub's tokens have 40 characters and more; a word of a few is in every answer.
  const secret = token !== undefined && token.length >= 8 ? token : undefined;
  const scrub = (text: string) => (secret === undefined ? text : text.replaceAll(secret, '***'));

  return async (url, init) => {
    const method = init?.method ?? 'GET';
    const asked = `${method} ${shownAddress(url)}`;
    if (!origins.has(new URL(url).origin))
      throw new GitHubError('GITHUB_ADDRESS_FOREIGN', `${asked}: not the API’s own host`, 400, undefined);
    const unbounded = (words: string) =>
      new GitHubError('GITHUB_ANSWER_UNBOUNDED', `${asked}: ${words}`, 400, undefined);
    const signal = AbortSignal.timeout(deadlineMs);
    try {
      // A redirected GET loses the token where it leaves the origin (https://fetch.spec.whatwg.org/#http-redirect-fetch).
      const redirect = method === 'GET' ? 'follow' : 'manual';
      const answer = await fetch(url, { ...init, dispatcher, signal, redirect });
      if (method !== 'GET' && answer.status >= 300 && answer.status < 400) {
        await answer.body?.cancel();
        throw new GitHubError('GITHUB_ADDRESS_FOREIGN', `${asked}: is redirected`, 400, undefined);
      }
      const chunks: Uint8Array[] = [];
      const tooLarge = () => unbounded(`more than ${maxBody} bytes`);
      if (answer.body !== null)
        for await (const chunk of bounded(answer.body, { bytes: maxBody }, tooLarge)) chunks.push(chunk);
      return scrubbed(answer, Buffer.concat(chunks), scrub);
    } catch (error) {
      throw signal.aborted ? unbounded(`not done after ${deadlineMs / 1000} s`) : error;
    }
  };
}

/**
 * Where files are uploaded: for `api.github.com` it is `uploads.github.com`, for `api.NAME.ghe.com` `uploads.NAME.ghe.com`,
 * for other servers the API's own host. https://docs.github.com/rest/releases/assets#upload-a-release-asset
 */
function uploadOrigin(baseUrl: string): string {
  const url = new URL(baseUrl);
  url.host = url.host.replace(/^api\./, 'uploads.');
  return url.origin;
}

/** The same answer; as octokit reads its `url`, which the constructor does not take, that is copied. */
function scrubbed(
  { status, headers, url }: Awaited<ReturnType<typeof fetch>>,
  body: Buffer,
  scrub: (text: string) => string,
): Response {
  // latin1 gives every byte a character of its own, so that binary files stay as they are.
  const bytes = Buffer.from(scrub(body.toString('latin1')), 'latin1');
  const pairs = [...headers].map(([name, value]): [string, string] => [name, scrub(value)]);
  const isEmpty = [204, 205, 304].includes(status);
  const copy = new Response(isEmpty ? null : bytes, { status, headers: pairs });
  return Object.defineProperty(copy, 'url', { value: url });
}

/** Host and path, without a query, user or control characters. */
export function shownAddress(address: string): string {
  const { host, pathname } = new URL(address);
  return printable(`${host}${pathname}`);
}
