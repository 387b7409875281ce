import { spawn } from 'node:child_process';
import { CredentialsError } from '../errors.ts';
import { Secret } from '../secret.ts';
import type { Credentials } from './credentials.ts';
import type { Environment } from './environment.ts';

const MAX_OUTPUT = 1 << 20;
const TIMEOUT_MS = 60_000; // a helper may ask its user to unlock a keychain

/**
 * Asks `docker-credential-<name> get`: the server's name goes to its stdin, JSON with Username and Secret
 * comes from its stdout. Where it has none it fails and says "credentials not found": then `undefined`.
 * https://github.com/docker/docker-credential-helpers#development
 *
 * @throws CredentialsError CREDENTIAL_HELPER_FAILED, with the helper's own words when it failed, never with
 * what it printed when it succeeded.
 */
export async function askCredentialHelper(
  name: string,
  registry: string,
  environment: Environment,
): Promise<Credentials | undefined> {
  const program = `docker-credential-${name}`;
  // Only a name: a path in an auth file shall not start a program from anywhere.
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) throw failed(program, 'is not the name of a program');
  // Docker Hub's credentials are kept under the address of its first API.
  const server = registry === 'docker.io' ? 'https://index.docker.io/v1/' : registry;
  const { status, output } = await run(program, `${server}\n`, environment);
  if (status !== 0) {
    if (/credentials not found/i.test(output)) return undefined;
    throw failed(program, `ended with ${status} for ${registry}: ${output.trim().slice(0, 300)}`);
  }
  return readAnswer(output, program, registry);
}

function readAnswer(output: string, program: string, registry: string): Credentials | undefined {
  let answer: { Username?: unknown; Secret?: unknown } | null;
  try {
    answer = JSON.parse(output);
  } catch {
    throw failed(program, `did not answer with JSON for ${registry}`);
  }
  const { Username: username, Secret: secret } = answer ?? {};
  if (typeof username !== 'string' || typeof secret !== 'string') {
    throw failed(program, `answered without Username or Secret for ${registry}`);
  }
  if (secret === '') return undefined;
  // https://github.com/docker/cli/blob/v27.0.0/cli/config/credentials/native_store.go: this user name marks a refresh token
  if (username === '<token>') return { kind: 'identity', token: new Secret(secret) };
  return { kind: 'basic', username, password: new Secret(secret) };
}

/** Runs a program to its end. `output` is stdout, or stderr where stdout is empty. */
function run(
  program: string,
  input: string,
  environment: Environment,
): Promise<{ status: string | number; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, ['get'], { env: environment, stdio: ['pipe', 'pipe', 'pipe'] });
    child.on('error', (error: NodeJS.ErrnoException) =>
      reject(
        failed(program, error.code === 'ENOENT' ? 'is not installed' : `cannot be started: ${error.message}`),
      ),
    );
    // It was not started, and the error follows. It may lack its streams, and a signal to it would reach this program's
    // whole process group: so there is no `timeout` among the options either, whose signal comes whatever happened.
    if (child.pid === undefined) return;
    const patience = setTimeout(() => child.kill(), TIMEOUT_MS);
    const printed = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (text: string) => {
        printed[stream] += text;
        if (printed[stream].length > MAX_OUTPUT) child.kill();
      });
    }
    child.stdin.on('error', () => undefined); // a helper that does not read its question still answers
    child.stdin.end(input);
    child.on('close', () => clearTimeout(patience));
    child.on('close', (code, signal) =>
      resolve({
        status: code ?? signal ?? 'no status',
        output: printed.stdout.trim() === '' ? printed.stderr : printed.stdout,
      }),
    );
  });
}

function failed(program: string, why: string): CredentialsError {
  return new CredentialsError('CREDENTIAL_HELPER_FAILED', `${program} ${why}`);
}
