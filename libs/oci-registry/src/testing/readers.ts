import { parseRetryAfter } from '@qemu-user-static/http';
import { parseChallenges } from '../challenge.ts';
import { leads, parseAuthFile } from '../credentials/auth-file.ts';
import { refusal } from '../failures.ts';
import { parseReference } from '../index.ts';
import { nextPage } from '../link.ts';
import { createScrubber } from '../secret.ts';
import { entriesOf } from '../tagged-referrers.ts';

const PAGE = { method: 'GET', url: new URL('https://registry.example/v2/a/tags/list') };
const DIGEST = `sha256:${'a'.repeat(64)}`;

/** Every reader of what a registry sends, or a user's files for registries, with documents that it takes. */
export function readers() {
  return [
    {
      name: 'challenge',
      samples: [
        'Bearer realm="https://auth.example/token",service="registry",scope="repository:a/b:pull,push"',
        'Basic realm="a \\"quoted\\" text", Negotiate YII=, Digest a=b',
      ],
      read: (text: string) => parseChallenges(text),
    },
    {
      name: 'link',
      samples: [
        '</v2/a/tags/list?n=1&last=b>; rel="next"',
        '<https://registry.example/x>; rel="prev next", <y>; rel=next',
      ],
      read: (text: string) => {
        const next = nextPage(text, PAGE);
        if (next !== undefined && next.origin !== PAGE.url.origin)
          throw new Error(`${next.href} is elsewhere`);
      },
    },
    {
      name: 'reference',
      samples: ['ghcr.io/owner/name:1.0', `[::1]:5000/a/b@${DIGEST}`, 'ubuntu'],
      read: (text: string) => {
        const { registry, repository } = parseReference(text);
        if (new URL(`https://${registry}/v2/${repository}/`).pathname !== `/v2/${repository}/`)
          throw new Error(`${repository} is another path in an address`);
      },
    },
    {
      name: 'auth-file',
      samples: [
        '{"auths": {"ghcr.io": {"auth": "dTpw"}}}',
        {
          auths: { 'ghcr.io': { auth: 'dTpw' }, 'https://index.docker.io/v1/': { identitytoken: 't' } },
          credHelpers: { 'gcr.io': 'gcloud' },
          credsStore: 'pass',
        },
      ],
      read: (text: string) => {
        const file = parseAuthFile(text, '/auth.json');
        for (const name of ['ghcr.io', 'docker.io', 'gcr.io', 'constructor']) leads(file, name, 'a/b');
      },
    },
    {
      name: 'registry-error',
      samples: [
        {
          errors: [{ code: 'DENIED', message: 'no\u001b[2J', detail: {} }],
          error: 'invalid_grant',
          error_description: 'x',
        },
      ],
      read: (text: string) => {
        const { message } = refusal(PAGE, 500, text.slice(0, 40), text, createScrubber(), 0);
        if (/\p{Cc}/u.test(message)) throw new Error('a control character is quoted');
      },
    },
    {
      name: 'retry-after',
      samples: ['120', 'Fri, 31 Dec 2026 23:59:59 GMT'],
      read: (text: string) => {
        const wait = parseRetryAfter(text, 0);
        if (wait !== undefined && !(wait >= 0)) throw new Error(`${wait} is not a time to wait`);
      },
    },
    {
      name: 'referrers',
      samples: [
        {
          schemaVersion: 2,
          manifests: [
            {
              mediaType: 'application/vnd.oci.image.manifest.v1+json',
              digest: DIGEST,
              size: 3,
              annotations: { a: 'b' },
            },
          ],
        },
      ],
      read: (text: string) => entriesOf(Object(JSON.parse(text))),
    },
  ];
}
