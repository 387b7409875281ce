import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface DockerRegistrySettings {
  /** Where it listens; by default on a free port of 127.0.0.1. */
  readonly address?: string;
  /** Hears each line of its access log, one a request. */
  readonly onRequest?: (line: string) => void;
  /** Lets in the user `me` with the password `hunter2`. */
  readonly htpasswd?: boolean;
  /** Files in PEM. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** The token server it sends everyone to; `bundle` is the file of the authorities its keys are signed by. */
  readonly token?: {
    readonly realm: string;
    readonly service: string;
    readonly issuer: string;
    readonly bundle: string;
  };
}

export interface DockerRegistry {
  /** `127.0.0.1:<port>`: its name in references. */
  readonly name: string;
  /** Its process. */
  readonly pid: number;
  close(): Promise<void>;
}

/** Whether Debian's docker-registry is installed. */
export const hasDockerRegistry = spawnSync('docker-registry', ['--version']).status === 0;

// "me" and "hunter2", by bcrypt with its smallest cost
const HTPASSWD = 'me:$2y$05$HcMbf1qJiaEjxVFn.P4L6e24djr8nYavmp.LPTE/XGUWqFA3h1QCq\n';

/** Starts one on a free port of the loopback interface, with a folder of its own, and waits until it listens. */
export async function startDockerRegistry(settings: DockerRegistrySettings = {}): Promise<DockerRegistry> {
  const folder = await mkdtemp(join(tmpdir(), 'docker-registry-'));
  const { token, tls } = settings;
  const htpasswd = join(folder, 'htpasswd');
  await writeFile(htpasswd, HTPASSWD);
  const configuration = {
    version: '0.1',
    storage: { filesystem: { rootdirectory: join(folder, 'data') }, delete: { enabled: true } },
    http: {
      addr: settings.address ?? '127.0.0.1:0',
      secret: 'for tests',
      ...(tls && { tls: { key: tls.key, certificate: tls.cert } }),
    },
    auth: {
      ...(settings.htpasswd && { htpasswd: { realm: 'for tests', path: htpasswd } }),
      ...(token && {
        token: {
          realm: token.realm,
          service: token.service,
          issuer: token.issuer,
          rootcertbundle: token.bundle,
        },
      }),
    },
  };
  // YAML, which it wants, takes JSON.
  await writeFile(join(folder, 'config.yml'), JSON.stringify(configuration));
  const child = spawn('docker-registry', ['serve', join(folder, 'config.yml')], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  createInterface({ input: child.stdout }).on('line', (line) => settings.onRequest?.(line));
  try {
    const name = await nameFromLog(child);
    return { name, pid: child.pid as number, close: () => close(child, folder) };
  } catch (error) {
    await close(child, folder);
    throw error;
  }
}

/** It chooses the port itself and writes it to its log. The rest of the log is read and dropped. */
async function nameFromLog(child: ChildProcess): Promise<string> {
  const lines = createInterface({ input: child.stderr as NodeJS.ReadableStream });
  const log: string[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  lines.on('line', (line) => {
    if (log.length < 50) log.push(line);
    const name = /listening on (127\.0\.0\.1:\d+)/.exec(line)?.[1];
    if (name) resolve(name);
  });
  child.once('error', reject);
  child.once('exit', () => reject(new Error(`docker-registry ended:\n${log.join('\n')}`)));
  return promise;
}

async function close(child: ChildProcess, folder: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
    child.kill();
    await once(child, 'exit');
  }
  await rm(folder, { recursive: true, force: true });
}
