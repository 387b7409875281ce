import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { cp, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Image } from './commands.ts';
import { NO_STATIC_BUSYBOX } from './image.ts';
import { MOUNT, readEntries, removeEmulators } from './namespace.ts';
import { qemuUser } from './qemu-user.ts';
import { type Outcome, run } from './run.ts';
import { scratch, scriptFile } from './script.ts';

/** A Docker engine on this machine, with the images to test. */
export interface Docker extends AsyncDisposable {
  /** `docker run --rm`, with what registering needs. `exported` is mounted on /export. */
  call(
    image: Image,
    words: readonly string[],
    options?: {
      readonly env?: Readonly<Record<string, string>>;
      readonly exported?: string;
      /** Options of `docker run` in place of those that registering needs. */
      readonly rights?: readonly string[];
    },
  ): Promise<Outcome>;
}

/** An engine, or a place where none answers. */
export interface DockerEngine {
  /** As DOCKER_HOST has it. */
  readonly host: string;
  /** `Docker 26.1`, or the host. */
  readonly name: string;
  /** Why nothing can be registered through it here. What the machine has registered stays its own. */
  readonly problem: string | undefined;
}

const client = (host: string) => ({ DOCKER_HOST: host, HOME: process.env.HOME ?? '' });

/** Those that DOCKER_HOSTS names, separated by spaces; by default Docker's usual one. */
export const DOCKER_ENGINES: readonly DockerEngine[] = (
  process.env.DOCKER_HOSTS || 'unix:///var/run/docker.sock'
)
  .split(' ')
  .map(find);

function find(host: string): DockerEngine {
  const { status, stdout } = spawnSync('docker', ['version', '--format', '{{.Server.Version}}'], {
    encoding: 'utf8',
    env: { ...client(host), PATH: process.env.PATH ?? '' },
    timeout: 5000,
  });
  if (status !== 0) return { host, name: host, problem: 'no engine answers' };
  const [version = stdout] = /^\d+\.\d+/.exec(stdout) ?? [];
  return { host, name: `Docker ${version}`, problem: whyNot() };
}

function whyNot(): string | undefined {
  if (process.arch !== 'x64') return 'not amd64';
  if (!existsSync(`${MOUNT}/register`)) return `binfmt_misc is not mounted on ${MOUNT}`;
  if (Object.keys(readEntries(MOUNT)).some((name) => name.startsWith('qemu-')))
    return 'emulators are registered already';
  return process.env.REGISTER_IMAGE === undefined ? NO_STATIC_BUSYBOX : undefined;
}

/** Uses REGISTER_IMAGE's tags if that is set (`latest`, `register`, `aarch64`), or makes images of the script under test. */
export async function openDocker({ host }: DockerEngine): Promise<Docker> {
  const docker = (words: readonly string[]) => run(['docker', ...words], { env: client(host) });
  const own = process.env.REGISTER_IMAGE === undefined;
  const repository = process.env.REGISTER_IMAGE ?? `register-test-${process.pid}`;
  if (own)
    for (const image of ['latest', 'register', 'aarch64'] as const)
      await importImage(host, `${repository}:${image}`, image);
  const usual = await findRights(docker, `${repository}:latest`);
  const call: Docker['call'] = (image, words, { env = {}, exported, rights = usual } = {}) =>
    docker([
      'run',
      '--rm',
      ...rights,
      ...Object.entries(env).flatMap(([name, value]) => ['-e', `${name}=${value}`]),
      ...(exported === undefined ? [] : ['-v', `${exported}:/export`]),
      `${repository}:${image}`,
      ...words,
    ]);
  return {
    call,
    [Symbol.asyncDispose]: async () => {
      removeEmulators(MOUNT);
      if (own)
        await docker(['rmi', ...['latest', 'register', 'aarch64'].map((image) => `${repository}:${image}`)]);
    },
  };
}

/** --privileged, as users have it, or less where the engine itself has not got every capability. */
async function findRights(
  docker: (words: readonly string[]) => Promise<Outcome>,
  image: string,
): Promise<readonly string[]> {
  const { code } = await docker(['run', '--rm', '--privileged', image, '--help']);
  return code === 0 ? ['--privileged'] : ['--cap-drop', 'ALL', '-v', `${MOUNT}:/binfmt_misc`];
}

async function importImage(host: string, name: string, image: Image): Promise<void> {
  const root = join(scratch(), `image-${image}`);
  for (const folder of ['bin', 'usr/bin', 'tmp']) mkdirSync(join(root, folder), { recursive: true });
  const { stdout: busybox } = await run(['sh', '-c', 'command -v busybox']);
  await cp(busybox.trim(), join(root, 'bin/busybox'));
  await symlink('busybox', join(root, 'bin/sh'));
  await cp(scriptFile(), join(root, 'register'));
  const { emulators } = await qemuUser();
  if (image === 'latest') await cp(emulators, join(root, 'usr/bin'), { recursive: true });
  if (image === 'aarch64')
    await cp(join(emulators, 'qemu-aarch64-static'), join(root, 'usr/bin/qemu-aarch64-static'));
  const config = ['-c', 'ENTRYPOINT ["/register"]', '-c', 'ENV QEMU_BIN_DIR=/usr/bin'];
  const { code, stderr } = await run(
    [
      'sh',
      '-c',
      'root=$1; shift; chmod 1777 "$root/tmp"; tar -C "$root" --owner 0 --group 0 -c . | docker import "$@"',
      'sh',
      root,
      ...config,
      '-',
      name,
    ],
    { env: client(host) },
  );
  await rm(root, { recursive: true });
  if (code !== 0) throw new Error(stderr);
}
