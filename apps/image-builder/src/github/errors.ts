import { RequestError } from 'octokit';
import { BuilderError, type BuilderErrorCode } from '../report/errors.ts';

/** GitHub's answer was no, or there was none. */
export class GitHubError extends BuilderError {
  /** HTTP status; 500 where there was no answer at all. */
  readonly status: number;
  /** When GitHub may be asked again, in milliseconds since 1970, where it said so. */
  readonly retryAt: number | undefined;

  constructor(
    code: BuilderErrorCode,
    message: string,
    status: number,
    retryAt: number | undefined,
    cause?: unknown,
  ) {
    super(code, message, cause);
    this.status = status;
    this.retryAt = retryAt;
  }
}

/**
 * What octokit threw, with a code. Status 403 means "no right" and "too often" both; the headers tell which.
 * https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
 *
 * @param now milliseconds since 1970
 */
export function asGitHubError(error: unknown, now: number): unknown {
  if (!(error instanceof RequestError)) return error;
  const { status, request, response, message } = error;
  const { host, pathname } = new URL(request.url);
  const told = `${request.method} ${host}${pathname}: ${response === undefined ? message : `HTTP status ${status}, ${message}`}`;
  if (response === undefined) return new GitHubError('GITHUB_UNAVAILABLE', told, 500, undefined, error);
  const retryAt = rateLimitEnd(status, response.headers, message, now);
  if (retryAt !== undefined) return new GitHubError('GITHUB_RATE_LIMITED', told, status, retryAt);
  if (status >= 500) return new GitHubError('GITHUB_UNAVAILABLE', told, status, undefined);
  const code = [401, 403, 404].includes(status) ? 'GITHUB_REFUSED' : 'GITHUB_CONFLICT';
  return new GitHubError(code, told, status, undefined);
}

/**
 * What is not JSON comes from a portal or a proxy in between, whatever its status: octokit gives it as a text.
 * @throws GitHubError GITHUB_UNAVAILABLE
 */
export function assertAnswer(
  { data, headers, url }: { data: unknown; headers: Headers; url: string },
  { method, headers: { accept } }: { method: string; headers: Headers },
): void {
  if (typeof data !== 'string' || data === '' || accept === 'application/octet-stream') return;
  const { host, pathname } = new URL(url);
  const told = `${method} ${host}${pathname}: ${headers['content-type']} and no JSON`;
  throw new GitHubError('GITHUB_UNAVAILABLE', told, 502, undefined);
}

type Headers = Readonly<Record<string, string | number | undefined>>;

function rateLimitEnd(status: number, headers: Headers, message: string, now: number): number | undefined {
  if (status !== 403 && status !== 429) return undefined;
  const seconds = Number(headers['retry-after']);
  if (seconds >= 0) return now + seconds * 1000;
  const reset = Number(headers['x-ratelimit-reset']);
  if (headers['x-ratelimit-remaining'] === '0' && reset > 0) return Math.max(now, reset * 1000) + 1000;
  // "wait for at least one minute before retrying", where neither header is there
  return status === 429 || /secondary rate limit/i.test(message) ? now + 60_000 : undefined;
}

/** Whether GitHub answered with this status. */
export function hasStatus(error: unknown, ...statuses: readonly number[]): error is GitHubError {
  return error instanceof GitHubError && statuses.includes(error.status);
}
