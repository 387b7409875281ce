import { spawn } from 'node:child_process';
import { CredentialsError } from '../errors.ts';
import { shown } from '../failures.ts';
import { Secret } from '../secret.ts';
import type { Credentials } from './credentials.ts';
import type { Environment } from './environment.ts';

/** The limits of a helper. */
export interface HelperLimits {
  readonly ms: number;
  /** Of all that it prints. */
  readonly bytes: number;
}

/** A helper may ask its user to unlock a keychain. */
const DEFAULT_LIMITS: HelperLimits = { ms: 60_000, bytes: 1 << 20 };

/**
 * Asks `docker-credential-<name> get`: the server's name goes to its stdin, JSON with Username and Secret
 * comes from its stdout. A helper that has none fails and says "credentials not found": then `undefined`.
 * https://github.com/docker/docker-credential-helpers#development
 *
 * @throws CredentialsError CREDENTIAL_HELPER_FAILED, with the helper's own words when it failed, never with
 * what it printed when it succeeded.
 */
export async function askCredentialHelper(
  name: string,
  registry: string,
  environment: Environment,
  limits: HelperLimits = DEFAULT_LIMITS,
): Promise<Credentials | undefined> {
  const program = `docker-credential-${name}`;
  // Only a name: a path in an auth file shall not start a program from anywhere.
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) throw failed(program, 'is not the name of a program');
  // Docker Hub's credentials are kept under the address of its first API.
  const server = registry === 'docker.io' ? 'https://index.docker.io/v1/' : registry;
  const { status, output } = await run(program, `${server}\n`, environment, limits);
  if (status !== 0) {
    if (/credentials not found/i.test(output)) return undefined;
    throw failed(program, `ended with ${status} for ${registry}: ${shown(output)}`);
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

interface Outcome {
  readonly status: string | number;
  /** stdout, or stderr where stdout is empty. */
  readonly output: string;
}

/** Milliseconds in which the rest of an ended program's output arrives. */
const DRAIN_MS = 250;

/** Runs a program to its end, which is not the end of what it leaves running with its pipes open. */
function run(
  program: string,
  input: string,
  environment: Environment,
  { ms, bytes }: HelperLimits,
): Promise<Outcome> {
  const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
  const child = spawn(program, ['get'], { env: environment, stdio: 'pipe' });
  child.on('error', ({ code, message }: NodeJS.ErrnoException) =>
    reject(failed(program, code === 'ENOENT' ? 'is not installed' : `cannot be started: ${message}`)),
  );
  // It was not started, and the error follows. It may lack its streams, and a signal to it would reach this program's
  // whole process group: so there is no `timeout` among the options either, whose signal comes whatever happened.
  if (child.pid === undefined) return promise;
  const printed: Record<'stdout' | 'stderr', Buffer[]> = { stdout: [], stderr: [] };
  const textOf = (stream: 'stdout' | 'stderr') => Buffer.concat(printed[stream]).toString();
  const stop = (why: string) => {
    reject(failed(program, why));
    child.kill('SIGKILL');
  };
  let drain: NodeJS.Timeout | undefined;
  const timer = setTimeout(() => stop(`did not answer within ${ms / 1000} s`), ms);
  let left = bytes;
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].on('data', (chunk: Buffer) => {
      left -= chunk.byteLength;
      if (left < 0) stop(`printed more than ${bytes} bytes`);
      else printed[stream].push(chunk);
    });
  }
  child.stdin.on('error', () => undefined); // a helper that does not read its question still answers
  child.stdin.end(input);
  child.on('exit', (code, signal) => {
    const answer = () => {
      const stdout = textOf('stdout');
      const output = stdout.trim() === '' ? textOf('stderr') : stdout;
      resolve({ status: code ?? signal ?? 'no status', output });
    };
    child.on('close', answer);
    drain = setTimeout(answer, DRAIN_MS);
  });
  return promise.finally(() => {
    clearTimeout(timer);
    clearTimeout(drain);
    // A background child may hold the other ends: they shall not hold this process.
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
  });
}

function failed(program: string, why: string): CredentialsError {
  return new CredentialsError('CREDENTIAL_HELPER_FAILED', `${program} ${why}`);
}
