import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ROOT } from '../repository.ts';

/** Everything that the set-up makes outside the checkout; the tear-down leaves nothing of it running. */
export const FOLDER = process.env.E2E_FOLDER ?? '/var/tmp/qemu-user-static-e2e';

/** The kernel's table of interpreters. https://docs.kernel.org/admin-guide/binfmt-misc.html */
export const BINFMT = '/proc/sys/fs/binfmt_misc';

/** The entries before the set-up, and whether the table was mounted. */
export const STATE = join(FOLDER, 'binfmt-before.json');

/** A Debian of its own, for the engine and the tools that this machine's Debian does not have. */
export const NEWER_ROOT = join(FOLDER, 'trixie');

/** A Debian of its own, for Apptainer, which is in sid alone. */
export const SID_ROOT = join(FOLDER, 'sid-root');

/** A folder that all engines see under this name; the tests' temporary files are in it. */
export const SHARED = join(FOLDER, 'shared');

/** The release that the tests try. */
export const LAYOUT = resolve(ROOT, process.env.E2E_LAYOUT ?? 'dist/oci');

/**
 * The images of each engine from the set-up on: `latest`, `register` and `aarch64`. Its layers stay there, so that no suite
 * waits for them to be unpacked again.
 */
export const KEPT = 'e2e/qemu-user-static';

/** An engine that the set-up starts: its files, as this machine sees them. */
export interface EnginePlace {
  readonly name: string;
  /** The folder that it takes for `/`. */
  readonly root: string;
  /** Its own data, below `root`. */
  readonly folder: string;
  /** https://docs.docker.com/reference/cli/dockerd/#feature-options */
  readonly features?: Readonly<Record<string, boolean>>;
}

export const ENGINES = {
  own: { name: 'docker', root: '/', folder: join(FOLDER, 'docker') },
  newer: { name: 'docker-newer', root: NEWER_ROOT, folder: '/var/tmp/docker-newer' },
} as const satisfies Record<string, EnginePlace>;

export function socketOf({ root, folder }: EnginePlace): string {
  return join(root, folder, 'engine.sock');
}

export function pidFileOf({ root, folder }: EnginePlace): string {
  return join(root, folder, 'engine.pid');
}

/** The environment of tests on engines: the engines, a folder that each of them sees, and the image to try. */
export function e2eEnvironment({ DOCKER_HOST }: NodeJS.ProcessEnv): Record<string, string> {
  const started = Object.values(ENGINES)
    .map(socketOf)
    .filter((socket) => existsSync(socket));
  return {
    DOCKER_HOSTS: DOCKER_HOST ?? started.map((socket) => `unix://${socket}`).join(' '),
    E2E_LAYOUT: LAYOUT,
    ...(DOCKER_HOST === undefined && started.length > 0 && { REGISTER_IMAGE: KEPT }),
    ...(existsSync(SHARED) && { TMPDIR: SHARED }),
  };
}
