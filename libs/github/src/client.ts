import { Readable } from 'node:stream';
import { type Clock, isLoopback, readProxies } from '@qemu-user-static/http';
import { Octokit } from 'octokit';
import { EnvHttpProxyAgent } from 'undici';
import { assertAnswer } from './answers.ts';
import { asGitHubError, GitHubError, hasStatus } from './errors.ts';
import type { GitHubEvent } from './events.ts';
import { guardedFetch } from './guarded-fetch.ts';
import { createRetries } from './retries.ts';
import type { RepositoryName } from './settings.ts';

export interface GitHub {
  /** Its failures are GitHubErrors, thrown when another try does not help. */
  readonly api: Octokit;
  readonly repository: RepositoryName;
  /**
   * Makes what `find` does not find. An answer that is lost leaves open whether the thing was made, so what makes
   * something is never sent again before it was looked for: so there are never two.
   */
  ensure<T>(find: () => Promise<T | undefined>, make: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export interface GitHubSettings {
  /** Address of the REST API. */
  readonly baseUrl: string;
  /** None: only what anyone may read. */
  readonly token: string | undefined;
  readonly repository: RepositoryName;
  /** Where `http_proxy`, `https_proxy` and `no_proxy` are read. */
  readonly proxies: NodeJS.ProcessEnv;
  readonly clock: Clock;
  /** Bytes of one answer; 64 MiB by default. */
  readonly maxBody?: number;
  /** Milliseconds for one request and its answer; ten minutes by default. */
  readonly deadlineMs?: number;
  readonly onEvent: (event: GitHubEvent) => void;
}

/**
 * "Wait at least one second between each request" that writes; a server on this machine needs no such manners.
 * https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api
 */
const BETWEEN_WRITES_MS = 1000;

export function openGitHub(settings: GitHubSettings): GitHub {
  const { baseUrl, token, repository, proxies, clock, onEvent } = settings;
  const isHere = isLoopback(new URL(baseUrl).host);
  const dispatcher = new EnvHttpProxyAgent({
    ...readProxies(isHere ? {} : proxies),
    // Uploads of a large file may take GitHub minutes to answer.
    headersTimeout: 300_000,
    bodyTimeout: 60_000,
  });
  const silent = () => undefined;
  // What a server calls deprecated would go to the terminal as it says it.
  const log = { debug: silent, info: silent, warn: silent, error: silent };
  const api = new Octokit({
    baseUrl,
    ...(token !== undefined && { auth: token }),
    userAgent: 'qemu-user-static',
    // Their waits cannot be passed in, and they send again what was perhaps made already.
    retry: { enabled: false },
    throttle: { enabled: false },
    log,
    request: { fetch: guardedFetch({ ...settings, dispatcher }), log },
  });
  const retries = createRetries(clock, onEvent);
  const pause = isHere ? 0 : BETWEEN_WRITES_MS;
  let lastWrite = Number.NEGATIVE_INFINITY;

  api.hook.wrap('request', async (request, options) => {
    const tries = retries.begin();
    for (;;) {
      if (options.method !== 'GET') {
        const wait = lastWrite + pause - clock.now();
        if (wait > 0) await clock.sleep(wait);
        lastWrite = clock.now();
      }
      try {
        const response = await request(options);
        assertAnswer(response, options);
        return response;
      } catch (caught) {
        const error = asGitHubError(caught, clock.now());
        if (!maySendAgain(error, options)) throw error;
        await tries.failed(error);
      }
    }
  });

  return {
    api,
    repository,
    async ensure(find, make) {
      const tries = retries.begin();
      for (let isFirst = true; ; isFirst = false) {
        const found = await find();
        if (found !== undefined) return found;
        try {
          return await make();
        } catch (error) {
          // 422: someone, perhaps an earlier attempt of ours, was faster. `find` shows it; one more try is enough.
          if (hasStatus(error, 422) && isFirst) continue;
          await tries.failed(error);
        }
      }
    },
    close: () => dispatcher.destroy(),
  };
}

/** Git's objects are named by their contents, so that making one twice makes one. */
function maySendAgain(
  error: unknown,
  { method, url, data }: { method: string; url: string; data?: unknown },
) {
  if (!(error instanceof GitHubError) || data instanceof Readable) return false;
  return method !== 'POST' || error.retryAt !== undefined || /\/git\/(blobs|trees|commits)$/.test(url);
}
