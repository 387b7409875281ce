import { describe, expect, test } from 'vitest';
import { leads, parseAuthFile } from './auth-file.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');
const file = (content: object) => parseAuthFile(JSON.stringify(content), '/home/me/config.json');

/** The user found for a repository, or the helper, or what else there is. */
function found(content: object, registry: string, repository = 'owner/name') {
  return leads(file(content), registry, repository).map((lead) => {
    if ('helper' in lead) return `helper ${lead.helper}`;
    const { credentials } = lead;
    return credentials.kind === 'basic'
      ? `${credentials.username}:${credentials.password.reveal()}`
      : `${credentials.kind} ${'token' in credentials ? credentials.token.reveal() : ''}`;
  });
}

describe('an entry is found by its registry', () => {
  test.each([
    ['ghcr.io', 'ghcr.io'],
    ['https://ghcr.io', 'ghcr.io'],
    ['https://ghcr.io/v2/', 'ghcr.io'],
    ['http://localhost:5000', 'localhost:5000'],
    ['https://index.docker.io/v1/', 'docker.io'],
    ['index.docker.io', 'docker.io'],
    ['docker.io', 'docker.io'],
    ['registry-1.docker.io', 'docker.io'],
    ['[::1]:5000', '[::1]:5000'],
    ['ghcr.io/', 'ghcr.io'],
    ['ghcr.io/v1', 'ghcr.io'],
    ['ghcr.io/v2/', 'ghcr.io'],
    ['http://ghcr.io/a/b/c', 'ghcr.io'],
  ])('key %s is for %s', (key, registry) => {
    expect(found({ auths: { [key]: { auth: base64('me:pass') } } }, registry)).toEqual(['me:pass']);
  });

  test('and not by another port or a host that merely begins alike', () => {
    const auths = { 'localhost:5000': { auth: base64('me:pass') }, 'ghcr.io': { auth: base64('me:pass') } };
    expect(found({ auths }, 'localhost:5001')).toEqual([]);
    expect(found({ auths }, 'ghcr.io.evil.example')).toEqual([]);
  });

  test.each([
    ['evil.index.docker.io', 'docker.io'],
    ['evil-index.docker.io', 'evil-docker.io'],
    ['index.docker.io.evil.example', 'docker.io.evil.example'],
    ['index.docker.iox', 'docker.iox'],
    ['ghcr.io/v3', 'ghcr.io'],
    ['ghcr.io/v2/name', 'ghcr.io'],
    ['ghcr.io/https://quay.io', 'quay.io'],
    ['xhttps://ghcr.io', 'ghcr.io'],
  ])('key %s is not for %s', (key, registry) => {
    expect(found({ auths: { [key]: { auth: base64('me:pass') } } }, registry)).toEqual([]);
  });
});

test('Podman keys name the beginning of a repository, and the longest one wins', () => {
  const entry = (user: string) => ({ auth: base64(`${user}:p`) });
  const auths = {
    'quay.io': entry('all'),
    'quay.io/team': entry('team'),
    'quay.io/team/tool/deep': entry('deep'),
    'docker.io/library/ubuntu': entry('hub'),
  };
  expect(found({ auths }, 'quay.io', 'team/tool/deep')).toEqual(['deep:p']);
  expect(found({ auths }, 'quay.io', 'team/tool')).toEqual(['team:p']);
  expect(found({ auths }, 'quay.io', 'teamwork/tool')).toEqual(['all:p']);
  expect(found({ auths }, 'docker.io', 'library/ubuntu')).toEqual(['hub:p']);
  expect(found({ auths }, 'docker.io', 'library/debian')).toEqual([]);
});

test('the kinds of entries', () => {
  const kinds = (entry: object) => found({ auths: { r: entry } }, 'r');
  expect(kinds({ auth: base64('me:with:colons') })).toEqual(['me:with:colons']);
  expect(kinds({ auth: base64('me:pass\0\0') })).toEqual(['me:pass']);
  expect(kinds({ auth: base64('me:pa\0ss') })).toEqual(['me:pa\0ss']);
  expect(kinds({ username: 'me', password: 'pass' })).toEqual(['me:pass']);
  expect(kinds({ auth: base64('<token>:'), identitytoken: 'refresh' })).toEqual(['identity refresh']);
  expect(kinds({ registrytoken: 'bearer' })).toEqual(['registry-token bearer']);
  expect(kinds({ registrytoken: 'bearer', identitytoken: 'refresh', auth: base64('me:pass') })).toEqual([
    'registry-token bearer',
  ]);
  expect(kinds({ auth: base64('me:pass'), username: 'other', password: 'word' })).toEqual(['me:pass']);
  expect(kinds({ auth: base64('me:') })).toEqual(['me:']);
  for (const nothing of [{}, { username: 'me' }, { password: 'pass' }, { auth: '', username: '' }])
    expect(kinds(nothing)).toEqual([]);
});

test("a registry's own helper is asked before the general one, and before the file's entry", () => {
  const content = {
    auths: { 'ghcr.io': { auth: base64('me:pass') } },
    credsStore: 'desktop',
    credHelpers: { 'quay.io': 'quay', 'https://index.docker.io/v1/': 'hub' },
  };
  expect(found(content, 'quay.io')).toEqual(['helper quay']);
  expect(found(content, 'docker.io')).toEqual(['helper hub']);
  expect(found(content, 'ghcr.io')).toEqual(['helper desktop', 'me:pass']);
  expect(found({ ...content, credsStore: '' }, 'ghcr.io')).toEqual(['me:pass']);
});

describe('a file that cannot be used is refused without quoting it', () => {
  const secret = 'c2VjcmV0';
  test.each([
    [`{"auths": {"r": {"auth": "${secret}`, 'it is not JSON'],
    ['[]', 'the file is not an object'],
    ['{"auths": []}', 'auths is not an object'],
    ['{"auths": {"r": "x"}}', 'r is not an object'],
    [`{"auths": {"r": {"auth": "${secret}"}}}`, '"auth" of r is not base64 of username:password'],
    [`{"auths": {"r": {"auth": "${base64(`:${secret}`)}"}}}`, '"auth" of r is not base64'],
    [
      `{"auths": {"r": {"auth": "${base64(`me:${secret}`).replace(/^./, ' $&')}"}}}`,
      '"auth" of r is not base64',
    ],
    [`{"auths": {"r": {"auth": "${base64(`me:${secret}`)}!"}}}`, '"auth" of r is not base64'],
    [`{"auths": {"r": {"auth": "${base64(secret)}"}}}`, '"auth" of r is not base64'],
    ['{"auths": {"r": null}}', 'r is not an object'],
    ['{"auths": "r"}', 'auths is not an object'],
    ['{"credHelpers": ["r"]}', 'credHelpers is not an object'],
    ['{"credsStore": 7}', 'credsStore is not text'],
    ['null', 'the file is not an object'],
    ['{"auths": {"r": {"auth": 7}}}', 'r is not text'],
    ['{"credHelpers": {"r": {}}}', 'r is not text'],
    [`{"auths": {"r": {"registrytoken": " ${secret}"}}}`, '"registrytoken" of r is not a token'],
    [`{"auths": {"r": {"registrytoken": "${secret}\\r\\nX: 1"}}}`, '"registrytoken" of r is not a token'],
  ])('%s', (text, reason) => {
    let message = '';
    try {
      leads(parseAuthFile(text, '/home/me/config.json'), 'r', 'n');
    } catch (error) {
      message = String(error) + String((error as Error).cause);
    }
    expect(message).toContain(`/home/me/config.json: ${reason}`);
    expect(message).not.toContain(secret);
  });
});
