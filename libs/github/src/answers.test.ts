import { describe, expect, test } from 'vitest';
import { assertAnswer } from './answers.ts';

const sha = 'a'.repeat(40);
const THREAD = { number: 1, state: 'open', title: 't', body: null, html_url: 'https://x' };
const ASSET = { id: 1, name: 'a', state: 'uploaded', digest: `sha256:${'0'.repeat(64)}` };
const RELEASE = {
  ...{ id: 1, tag_name: 'v1', draft: false, name: null, body: null, target_commitish: 'main' },
  ...{ html_url: 'https://x', upload_url: 'https://y', assets: [ASSET] },
};

const answered = (asked: string, data: unknown) => () => {
  const [method = '', path = ''] = asked.split(' ');
  assertAnswer(
    { data, status: 200, url: 'https://x/repos/o/r' },
    { method, url: `/repos/{owner}/{repo}${path}` },
  );
};

describe.each<[string, unknown, readonly [string, unknown][]]>([
  ['GET /git/tags/{tag_sha}', { object: { sha } }, [['no object', {}]]],
  [
    'GET /git/commits/{commit_sha}',
    { message: 'm', tree: { sha }, parents: [{ sha }] },
    [
      ['no message', { tree: { sha }, parents: [] }],
      ['a parent without a name', { message: 'm', tree: { sha }, parents: [{}] }],
    ],
  ],
  [
    'GET /git/trees/{tree_sha}',
    { tree: [{ path: 'p', sha }] },
    [
      ['no tree', {}],
      ['a file without a path', { tree: [{ sha }] }],
    ],
  ],
  ['GET /git/blobs/{file_sha}', { content: '' }, [['no content', {}]]],
  [
    'POST /git/blobs',
    { sha },
    [
      ['no name', {}],
      ['a name that is too short', { sha: sha.slice(1) }],
      ['a name that ends in a path', { sha: `${sha}/../x` }],
      ['a name that begins with one', { sha: `x/${sha}` }],
    ],
  ],
  [
    'POST /issues',
    THREAD,
    [
      ['nothing', {}],
      ['a state of 101 characters', { ...THREAD, state: 'x'.repeat(101) }],
    ],
  ],
  [
    'GET /releases/{release_id}/assets',
    [ASSET, { ...ASSET, digest: null }],
    [
      ['an asset of nothing', [{}]],
      ['a digest without an algorithm', [{ ...ASSET, digest: ':00' }]],
      ['a digest without digits', [{ ...ASSET, digest: 'sha256:' }]],
      ['a digest with other letters', [{ ...ASSET, digest: 'sha256:0g' }]],
      ['a digest before other text', [{ ...ASSET, digest: 'sha256:00\u001b' }]],
      ['a digest after other text', [{ ...ASSET, digest: '\u001bsha256:00' }]],
      ['a state of 101 characters', [{ ...ASSET, state: 'x'.repeat(101) }]],
    ],
  ],
  ['POST /releases', RELEASE, [['nothing', {}]]],
])('to %s', (asked, good, bad) => {
  test('an answer as GitHub documents it is taken', () => {
    expect(answered(asked, good)).not.toThrow();
  });

  test.each(bad)('%s is refused', (_, data) => {
    expect(answered(asked, data)).toThrow(
      expect.objectContaining({
        code: 'GITHUB_UNAVAILABLE',
        message: expect.stringContaining('not of the form that GitHub documents'),
      }),
    );
  });
});

test('what is not read is not looked at', () => {
  expect(answered('GET /stargazers', null)).not.toThrow();
});
