import { CodedError, type ErrorCatalogue, printable } from '@qemu-user-static/errors';
import { RequestError } from 'octokit';

/** The errors of GitHub's API. */
export const GITHUB_ERRORS = {
  GITHUB_SETTING_INVALID: {
    meaning: 'An option or a variable about GitHub is not understood.',
    remedy:
      'Give the repository as --github OWNER/REPO, a token without spaces in GITHUB_TOKEN, and https://… in GITHUB_API_URL.',
  },
  GITHUB_REFUSED: {
    meaning: 'GitHub does not let this token do that, or does not know the repository.',
    remedy:
      'Check the repository, --github OWNER/REPO, and the rights of the token: `curl -I -H "Authorization: Bearer $GITHUB_TOKEN" https://api.github.com/repos/OWNER/REPO`.',
  },
  GITHUB_RATE_LIMITED: {
    meaning: 'GitHub wants fewer requests, and a longer pause than this program waits for.',
    remedy:
      'Look at the limit: `curl -H "Authorization: Bearer $GITHUB_TOKEN" https://api.github.com/rate_limit`. Then run the command again, which continues.',
  },
  GITHUB_UNAVAILABLE: {
    meaning: 'GitHub cannot be reached, or fails again and again.',
    remedy:
      'Check GitHub: `curl -I https://api.github.com` (GITHUB_API_URL names another server). Then run the command again, which continues.',
  },
  GITHUB_ADDRESS_FOREIGN: {
    meaning:
      'An answer leads to a host that is not GitHub’s API or its upload host. Nothing was sent there, least of all the token.',
    remedy:
      'If the repository was renamed, give its new name as --github OWNER/REPO. Otherwise check GITHUB_API_URL (GitHub’s own is https://api.github.com) and https_proxy.',
  },
  GITHUB_ANSWER_UNBOUNDED: {
    meaning: 'An answer from GitHub has more bytes or pages than it can have, or does not end.',
    remedy:
      'Run the command again later. If it stays, check the address and the proxy (GitHub’s own API is https://api.github.com): `echo $GITHUB_API_URL $https_proxy`.',
  },
  GITHUB_CONFLICT: {
    meaning: 'GitHub does not take a change as it is.',
    remedy:
      'Someone else may have changed the same thing: read the message, update the checkout with `git pull`, and run the command again.',
  },
} as const satisfies ErrorCatalogue;

export type GitHubErrorCode = keyof typeof GITHUB_ERRORS;

/** An option or a variable that cannot be used. */
export class GitHubSettingError extends CodedError<'GITHUB_SETTING_INVALID'> {
  constructor(message: string) {
    super(GITHUB_ERRORS, 'GITHUB_SETTING_INVALID', message);
  }
}

/** GitHub refused, or did not answer. */
export class GitHubError extends CodedError<GitHubErrorCode> {
  /** HTTP status; 500 without an answer. */
  readonly status: number;
  /** When GitHub may be asked again, in milliseconds since 1970, where it said so. */
  readonly retryAt: number | undefined;

  constructor(
    code: GitHubErrorCode,
    message: string,
    status: number,
    retryAt: number | undefined,
    cause?: unknown,
  ) {
    super(GITHUB_ERRORS, code, message, cause);
    this.status = status;
    this.retryAt = retryAt;
  }
}

/** Characters of GitHub's own message that are quoted. */
const MAX_MESSAGE = 500;

/**
 * An error of octokit, with a code. Status 403 means "no right" and "too often" both; the headers say which.
 * https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
 *
 * @param now milliseconds since 1970
 */
export function asGitHubError(error: unknown, now: number): unknown {
  if (!(error instanceof RequestError)) return error;
  if (error.cause instanceof GitHubError) return error.cause;
  const { status, request, response, message } = error;
  const { host, pathname } = new URL(request.url);
  const said = printable(message).slice(0, MAX_MESSAGE);
  const shown = `${request.method} ${host}${pathname}: ${response === undefined ? said : `HTTP status ${status}, ${said}`}`;
  if (response === undefined) return new GitHubError('GITHUB_UNAVAILABLE', shown, 500, undefined, error);
  const retryAt = rateLimitEnd(status, response.headers, message, now);
  if (retryAt !== undefined) return new GitHubError('GITHUB_RATE_LIMITED', shown, status, retryAt);
  if (status >= 500) return new GitHubError('GITHUB_UNAVAILABLE', shown, status, undefined);
  const code = [401, 403, 404].includes(status) ? 'GITHUB_REFUSED' : 'GITHUB_CONFLICT';
  return new GitHubError(code, shown, status, undefined);
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
