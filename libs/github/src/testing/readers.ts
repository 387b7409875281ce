import { assertAnswer } from '../answers.ts';
import { hasNext, parseApiAddress, parseRepository, parseToken } from '../index.ts';

const RELEASES = { method: 'GET', url: '/repos/{owner}/{repo}/releases' };
const RELEASE = {
  id: 1,
  tag_name: 'v1',
  draft: false,
  name: 'v1',
  body: '',
  target_commitish: 'main',
  html_url: 'https://github.com/a/b',
  upload_url: 'https://uploads.github.com/a/b{?name}',
  assets: [{ id: 1, name: 'a', state: 'uploaded', digest: 'sha256:ab' }],
};

/** Every reader of what GitHub answers, and of its settings in the environment, with texts that it takes. */
export function readers() {
  return [
    {
      name: 'github-answer',
      samples: [[RELEASE]],
      read: (text: string) =>
        assertAnswer({ data: JSON.parse(text), status: 200, url: 'https://api.github.com/' }, RELEASES),
    },
    {
      name: 'github-link',
      samples: ['<https://api.github.com/x?page=2>; rel="next"'],
      read: (link: string) => hasNext({ link }),
    },
    { name: 'github-repository', samples: ['owner/name'], read: (text: string) => parseRepository(text) },
    { name: 'github-token', samples: ['ghp_abc'], read: (text: string) => parseToken(text) },
    {
      name: 'github-api-address',
      samples: ['https://api.github.com', 'http://127.0.0.1:1'],
      read: (text: string) => {
        const { protocol, hostname } = new URL(parseApiAddress(text));
        if (protocol !== 'https:' && !/^(127\.|localhost$|\[::1\]$)/.test(hostname))
          throw new Error(`a token would be sent to ${hostname} in the clear`);
      },
    },
  ];
}
