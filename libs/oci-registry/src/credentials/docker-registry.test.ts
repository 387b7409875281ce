import { execFile, spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DockerRegistry, hasDockerRegistry, startDockerRegistry } from '../testing/docker-registry.ts';
import { connect, someBytes, sourceOf } from '../testing/harness.ts';
import type { Environment } from './environment.ts';
import { createCredentialSource } from './find.ts';

const run = promisify(execFile);
const hasSkopeo = spawnSync('skopeo', ['--version']).status === 0;
const PASSWORD = 'hunter2';
const AUTH = Buffer.from(`me:${PASSWORD}`).toString('base64');

/** The events of a request, and its failure. */
interface Outcome {
  readonly error: unknown;
  readonly printed: string;
}

describe.skipIf(!hasDockerRegistry)('a registry with passwords lets in (docker-registry)', () => {
  let server: DockerRegistry;
  let home: string;
  beforeAll(async () => {
    server = await startDockerRegistry({ htpasswd: true });
    home = await mkdtemp(join(tmpdir(), 'credentials-'));
  });
  afterAll(async () => {
    await server.close();
    await rm(home, { recursive: true });
  });

  async function write(path: string, content: object | string, mode = 0o600): Promise<string> {
    const full = join(home, path);
    await mkdir(dirname(full), { recursive: true });
    await writeFile(full, typeof content === 'string' ? content : JSON.stringify(content));
    await chmod(full, mode);
    return full;
  }

  /** Sends a blob with the credentials that are found, and gathers all that is said on the way. */
  async function upload(environment: Environment): Promise<Outcome> {
    const credentials = createCredentialSource({ environment, home: '/nonexistent' });
    const { repository, events } = connect(server.name, { credentials });
    const error: unknown = await repository.uploadBlob(sourceOf(someBytes(1000))).catch((reason) => reason);
    const shown = error instanceof Error ? [error.message, error.stack, JSON.stringify(error)] : [];
    return { error, printed: [...shown, JSON.stringify(events)].join('\n') };
  }

  async function letsIn(environment: Environment): Promise<void> {
    const { error, printed } = await upload(environment);
    expect(error).toBe(undefined);
    expect(printed).not.toContain(PASSWORD);
    expect(printed).not.toContain(AUTH);
  }

  test('who is named by variables', () =>
    letsIn({ REGISTRY_USERNAME: 'me', REGISTRY_PASSWORD: PASSWORD, REGISTRY_HOST: server.name }));

  test('who is in the file of docker login', async () => {
    await write('docker/config.json', { auths: { [server.name]: { auth: AUTH } } });
    await letsIn({ DOCKER_CONFIG: join(home, 'docker') });
  });

  test.skipIf(!hasSkopeo)(
    'who is in the file that skopeo login, and so podman login, writes (skopeo)',
    async () => {
      const file = join(home, 'run/containers/auth.json');
      await mkdir(dirname(file), { recursive: true });
      const words = ['login', '--tls-verify=false', '--username=me', `--password=${PASSWORD}`];
      await run('skopeo', [...words, `--authfile=${file}`, server.name]);
      await letsIn({ XDG_RUNTIME_DIR: join(home, 'run') });
      await letsIn({ REGISTRY_AUTH_FILE: file });
    },
  );

  test.each([
    ['credsStore', (program: string) => ({ credsStore: program })],
    ['credHelpers', (program: string) => ({ credHelpers: { [server.name]: program } })],
  ])('whom a program named in %s knows', async (_, config) => {
    // As docker-credential-pass and its like do it: the server's name comes in, JSON goes out.
    const answer = `{"ServerURL":"%s","Username":"me","Secret":"${PASSWORD}"}`;
    const unknown = 'echo "credentials not found in native keychain"; exit 1';
    const script = `[ "$1" = get ] && read -r server && [ "$server" = '${server.name}' ] || { ${unknown}; }`;
    await write('bin/docker-credential-vault', `#!/bin/sh\n${script}\nprintf '${answer}' "$server"\n`, 0o755);
    await write('helped/config.json', config('vault'));
    await letsIn({ DOCKER_CONFIG: join(home, 'helped'), PATH: `${join(home, 'bin')}:${process.env.PATH}` });
  });

  test('and no one without a name, or with a wrong password, which is not printed either', async () => {
    const wrong = { REGISTRY_USERNAME: 'me', REGISTRY_PASSWORD: 'hunter3' };
    for (const environment of [{}, wrong]) {
      const { error, printed } = await upload(environment);
      expect(error).toMatchObject({ code: 'REGISTRY_UNAUTHORIZED', status: 401 });
      expect(printed).not.toContain('hunter3');
      expect(printed).not.toContain(Buffer.from('me:hunter3').toString('base64'));
    }
  });
});
