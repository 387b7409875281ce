import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { HelperLimits } from './credential-helper.ts';
import { authFiles, createCredentialSource } from './find.ts';

const roots: string[] = [];
let home: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'credentials-'));
  roots.push(home);
});
afterAll(() => Promise.all(roots.map((root) => rm(root, { recursive: true }))));

async function write(path: string, content: object | string, mode = 0o600): Promise<string> {
  const full = join(home, path);
  await mkdir(dirname(full), { recursive: true });
  await writeFile(full, typeof content === 'string' ? content : JSON.stringify(content));
  await chmod(full, mode);
  return full;
}

const auths = (user: string) => ({ auths: { r: { auth: Buffer.from(`${user}:p`).toString('base64') } } });

/** The credentials that are found for the repository `n` of the registry `r`. */
async function who(environment: Record<string, string> = {}, registry = 'r'): Promise<string> {
  const found = await createCredentialSource({ environment, home })(registry, 'n');
  return found.kind === 'basic' ? found.username : found.kind;
}

test('without anything, one is anonymous', async () => {
  expect(await who()).toBe('anonymous');
});

test('each place is read after the more explicit ones', async () => {
  await write('.docker/config.json', auths('docker'));
  expect(await who()).toBe('docker');
  await write('.config/containers/auth.json', auths('podman'));
  expect(await who()).toBe('podman');
  await write('run/containers/auth.json', auths('session'));
  const environment: Record<string, string> = { XDG_RUNTIME_DIR: join(home, 'run') };
  expect(await who(environment)).toBe('session');
  await write('ci/config.json', auths('ci'));
  environment.DOCKER_CONFIG = join(home, 'ci');
  expect(await who(environment)).toBe('ci');
  environment.REGISTRY_AUTH_FILE = await write('auth.json', auths('file'));
  expect(await who(environment)).toBe('file');
  Object.assign(environment, { REGISTRY_USERNAME: 'variable', REGISTRY_PASSWORD: 'p' });
  expect(await who(environment)).toBe('variable');
});

test('a file that does not know the registry leaves it to the next', async () => {
  await write('.config/containers/auth.json', auths('podman'));
  await write('.docker/config.json', { auths: { other: { auth: Buffer.from('o:p').toString('base64') } } });
  expect(await who({}, 'other')).toBe('o');
});

test('DOCKER_CONFIG stands instead of the folder in the home', () => {
  const settings = { environment: { DOCKER_CONFIG: '/ci' }, home: '/home/me', userId: 7 };
  expect(authFiles(settings)).toEqual([
    '/ci/config.json',
    '/run/containers/7/auth.json',
    '/home/me/.config/containers/auth.json',
  ]);
});

test('without a user’s number and a session there is no file of one; an empty variable names none', () => {
  expect(authFiles({ environment: {}, home: '/home/me' })).toEqual([
    '/home/me/.config/containers/auth.json',
    '/home/me/.docker/config.json',
  ]);
  const empty = { REGISTRY_AUTH_FILE: '', DOCKER_CONFIG: '', XDG_RUNTIME_DIR: '' };
  expect(authFiles({ environment: empty, home: '/home/me', userId: 0 })).toEqual([
    '/run/containers/0/auth.json',
    '/home/me/.config/containers/auth.json',
    '/home/me/.docker/config.json',
  ]);
});

test('a file in the place of a folder has nothing, and is no error', async () => {
  await write('.config/containers/auth.json', auths('podman'));
  expect(await who({ DOCKER_CONFIG: await write('ci', 'a file') })).toBe('podman');
});

test('a file that exists and cannot be used is an error, and so is a named one that does not exist', async () => {
  const REGISTRY_AUTH_FILE = join(home, 'none.json');
  await expect(who({ REGISTRY_AUTH_FILE })).rejects.toThrow(
    `${REGISTRY_AUTH_FILE}, named by REGISTRY_AUTH_FILE`,
  );
  await write('.docker/config.json', '{');
  await expect(who()).rejects.toThrow('.docker/config.json: it is not JSON');
  await rm(join(home, '.docker/config.json'));
  await mkdir(join(home, '.docker/config.json'));
  await expect(who()).rejects.toThrow('cannot be read: EISDIR');
});

describe('credential helpers', () => {
  /** Installs docker-credential-test, a shell script; gives the environment to find it in. */
  async function helper(script: string): Promise<Record<string, string>> {
    await write('bin/docker-credential-test', `#!/bin/sh\n${script}\n`, 0o755);
    await write('.docker/config.json', { credsStore: 'test' });
    return { PATH: `${join(home, 'bin')}:${process.env.PATH}` };
  }

  test('is asked with the host on its stdin, or with the old address of Docker Hub', async () => {
    const environment = await helper(
      '[ "$1" = get ] && read -r server && printf \'{"ServerURL":"x","Username":"%s","Secret":"s"}\' "$server"',
    );
    expect(await who(environment, 'ghcr.io')).toBe('ghcr.io');
    expect(await who(environment, 'docker.io')).toBe('https://index.docker.io/v1/');
  });

  test('that has answered is not timed any longer, which would hold its caller', async () => {
    const environment = await helper('echo \'{"Username":"me","Secret":"s"}\'');
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    expect(await who(environment)).toBe('me');
    expect(timers()).toBe(before);
  });

  test('may hold a refresh token', async () => {
    const environment = await helper('echo \'{"Username":"<token>","Secret":"refresh"}\'');
    const found = await createCredentialSource({ environment, home })('r', 'n');
    expect(found).toMatchObject({ kind: 'identity' });
    expect(found.kind === 'identity' && found.token.reveal()).toBe('refresh');
  });

  test('that has none leaves one anonymous', async () => {
    expect(await who(await helper('echo "credentials not found in native keychain"; exit 1'))).toBe(
      'anonymous',
    );
    expect(await who(await helper('echo \'{"Username":"","Secret":""}\''))).toBe('anonymous');
  });

  test('that fails is an error with its own words', async () => {
    await expect(who(await helper('echo "the keychain is locked" >&2; exit 3'))).rejects.toThrow(
      'docker-credential-test ended with 3 for r: the keychain is locked',
    );
  });

  test('that is ended by a signal is an error that names it', async () => {
    await expect(who(await helper('kill -9 $$'))).rejects.toThrow('ended with SIGKILL for r');
  });

  test('that prints its words to stderr beside an empty line is an error with those words', async () => {
    await expect(who(await helper('echo; echo "the keychain is locked" >&2; exit 3'))).rejects.toThrow(
      'ended with 3 for r: the keychain is locked',
    );
  });

  test('that says it has none and succeeds is not believed', async () => {
    await expect(who(await helper('echo "credentials not found"'))).rejects.toThrow(
      'did not answer with JSON',
    );
  });

  test.each([
    'null',
    '7',
    '{"Username":"hunter2"}',
    '{"Secret":"hunter2"}',
    '{"Username":7,"Secret":"hunter2"}',
  ])('that answers with %s is an error that does not quote it', async (answer) => {
    const broken = await who(await helper(`echo '${answer}'`)).catch((error: Error) => error);
    expect(broken).toMatchObject({
      code: 'CREDENTIAL_HELPER_FAILED',
      message: 'docker-credential-test answered without Username or Secret for r',
    });
  });

  test('that answers nonsense is an error that does not quote it', async () => {
    const broken = await who(await helper('echo \'{"Username":"me","Secret":"hunter2\'')).catch(
      (error: Error) => error,
    );
    expect(String(broken)).toContain('did not answer with JSON');
    expect(String(broken)).not.toContain('hunter2');
    await expect(who(await helper('echo "{}"'))).rejects.toThrow('answered without Username or Secret');
  });

  test('that has none leaves it to the file it is named in', async () => {
    const environment = await helper('echo "credentials not found in native keychain"; exit 1');
    await write('.docker/config.json', { credsStore: 'test', ...auths('file') });
    expect(await who(environment)).toBe('file');
    await helper('echo \'{"Username":"","Secret":""}\'');
    await write('.docker/config.json', { credHelpers: { r: 'test' }, ...auths('file') });
    expect(await who(environment)).toBe('file');
  });

  test('that has some is asked before the file', async () => {
    const environment = await helper('echo \'{"Username":"helper","Secret":"s"}\'');
    await write('.docker/config.json', { credsStore: 'test', ...auths('file') });
    expect(await who(environment)).toBe('helper');
  });

  test('that leaves a program running with its pipes open is not waited for', async () => {
    const environment = await helper(
      'sleep 600 & echo $! >&2; echo \'{"Username":"me","Secret":"s"}\'; echo $! >"$0.pid"',
    );
    const pipes = () => process.getActiveResourcesInfo().filter((name) => name === 'PipeWrap').length;
    const before = pipes();
    expect(await who(environment)).toBe('me');
    await vi.waitFor(() => expect(pipes()).toBe(before));
    const pid = Number(await readFile(join(home, 'bin/docker-credential-test.pid'), 'utf8'));
    expect(process.kill(pid, 'SIGKILL')).toBe(true);
  });

  const limited = (environment: Record<string, string>, helperLimits: HelperLimits) =>
    createCredentialSource({ environment, home, helperLimits })('r', 'n');

  test('that does not answer in time is ended, also when it ignores signals', async () => {
    const environment = await helper('trap "" TERM; echo $$ >"$0.pid"; while :; do sleep 0.05; done');
    await expect(limited(environment, { ms: 500, bytes: 1000 })).rejects.toMatchObject({
      code: 'CREDENTIAL_HELPER_FAILED',
      message: 'docker-credential-test did not answer within 0.5 s',
    });
    const pid = Number(await readFile(join(home, 'bin/docker-credential-test.pid'), 'utf8'));
    await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow('ESRCH'));
  });

  test.each(['', '>&2'])('that prints without end is ended: %s', async (where) => {
    const environment = await helper(`while echo 0123456789 ${where}; do :; done`);
    await expect(limited(environment, { ms: 60_000, bytes: 10_000 })).rejects.toMatchObject({
      code: 'CREDENTIAL_HELPER_FAILED',
      message: 'docker-credential-test printed more than 10000 bytes',
    });
  });

  test('may print as much as it is allowed, and not a byte more', async () => {
    const answer = '{"Username":"me","Secret":"s"}';
    const environment = await helper(`printf '%s' '${answer}'`);
    expect(await limited(environment, { ms: 60_000, bytes: answer.length })).toMatchObject({ kind: 'basic' });
    await expect(limited(environment, { ms: 60_000, bytes: answer.length - 1 })).rejects.toThrow(
      'printed more',
    );
  });

  test('that fails with control characters does not reach the terminal with them', async () => {
    const failed = await who(await helper("printf 'no\\033[31m\\nway' >&2; exit 1")).catch(
      (error: Error) => error,
    );
    expect(String(failed)).toContain('no [31m way');
  });

  test('that is not installed is an error, and so is a path', async () => {
    const helpers = { r: 'missing-one', s: '../../bin/sh', t: 'a/../../sh', u: 'a b', v: '-x' };
    await write('.docker/config.json', { credHelpers: helpers });
    const PATH = process.env.PATH ?? '';
    await expect(who({ PATH })).rejects.toThrow('docker-credential-missing-one is not installed');
    for (const path of ['s', 't', 'u', 'v'])
      await expect(who({ PATH }, path)).rejects.toThrow('is not the name of a program');
  });
});
