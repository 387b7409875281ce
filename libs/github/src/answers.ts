import { z } from 'zod';
import { GitHubError } from './errors.ts';
import { shownAddress } from './guarded-fetch.ts';

// The fields that are read of GitHub's answers. An answer of another form is from a proxy, or from something that is not GitHub.
// https://docs.github.com/rest

const text = z.string().max(1 << 20);
const sha = z.string().regex(/^[0-9a-f]{40,64}$/);
const object = z.object({ sha });
const ref = z.object({ object: z.object({ sha, type: z.string().max(100) }) });
const thread = z.object({
  number: z.int(),
  state: z.string().max(100),
  title: text,
  body: text.nullish(),
  html_url: text,
});
const asset = z.object({
  id: z.int(),
  name: text,
  state: z.string().max(100),
  digest: z
    .string()
    .regex(/^\w+:[0-9a-f]{1,128}$/)
    .nullish(),
});
const release = z.object({
  id: z.int(),
  tag_name: text,
  draft: z.boolean(),
  name: text.nullish(),
  body: text.nullish(),
  target_commitish: text,
  html_url: text,
  upload_url: text,
  assets: z.array(asset),
});

/** By method, and path below `/repos/{owner}/{repo}` as octokit writes it. */
const FORMS: Readonly<Record<string, z.ZodType>> = {
  'GET ': z.object({ default_branch: text }),
  'GET /tags': z.array(z.object({ name: text })),
  'GET /git/ref/{ref}': ref,
  'GET /git/tags/{tag_sha}': z.object({ object }),
  'GET /git/commits/{commit_sha}': z.object({ message: text, tree: object, parents: z.array(object) }),
  'GET /git/trees/{tree_sha}': z.object({ tree: z.array(z.object({ path: text, sha })) }),
  'GET /git/blobs/{file_sha}': z.object({ content: z.string() }),
  'POST /git/blobs': object,
  'POST /git/trees': object,
  'POST /git/commits': object,
  'GET /pulls': z.array(thread),
  'POST /pulls': thread,
  'GET /issues': z.array(thread),
  'POST /issues': thread,
  'GET /releases': z.array(release),
  'POST /releases': release,
  'PATCH /releases/{release_id}': release,
  'GET /releases/{release_id}/assets': z.array(asset),
};

interface Answer {
  readonly data: unknown;
  readonly status: number;
  readonly url: string;
}

/** The request, as octokit has it before it fills in the parameters. */
interface Asked {
  readonly method: string;
  readonly url: string;
}

/** @throws GitHubError GITHUB_UNAVAILABLE for an answer that is not of the form that GitHub documents */
export function assertAnswer({ data, status, url }: Answer, asked: Asked): void {
  const form = FORMS[`${asked.method} ${asked.url.replace('/repos/{owner}/{repo}', '')}`];
  if (form === undefined || form.safeParse(data).success) return;
  const words = typeof data === 'string' ? 'no JSON' : 'not of the form that GitHub documents';
  const message = `${asked.method} ${shownAddress(url)}: HTTP status ${status}, ${words}`;
  throw new GitHubError('GITHUB_UNAVAILABLE', message, 502, undefined);
}
