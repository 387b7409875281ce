import { spawnSync } from 'node:child_process';
import { accessSync, existsSync, constants as files } from 'node:fs';
import { constants, getPriority } from 'node:os';
import { delimiter, join } from 'node:path';
import { STATE } from './e2e/places.ts';

/** Something that a machine may lack, and that tests name in brackets at the end of their title: `(root, engine)`. */
export interface Need {
  /** Why this machine does not have it, or nothing. */
  readonly lack: () => string | undefined;
  /** How to get it. */
  readonly remedy: string;
  /** `npm run e2e` brings it: E2E=required makes its lack a failure. */
  readonly setUp: boolean;
}

const SET_UP = 'as root on Debian: npm run e2e';

function program(name: string, debian = name): Need {
  return {
    lack: () => (isOnPath(name) ? undefined : `${name} is not installed`),
    remedy: `apt-get install ${debian}`,
    setUp: true,
  };
}

function isOnPath(name: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), files.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

const amd64: Need = {
  lack: () => (process.arch === 'x64' ? undefined : `this machine is ${process.arch}`),
  remedy: 'run them on an amd64 machine',
  setUp: false,
};

/** By the word that titles have for it. */
export const NEEDS: Readonly<Record<string, Need>> = {
  root: {
    lack: () => (process.getuid?.() === 0 ? undefined : 'this user is not root'),
    remedy: SET_UP,
    setUp: true,
  },
  engine: {
    lack: () => (existsSync(STATE) ? undefined : 'the engines of the end-to-end tests are not started'),
    remedy: SET_UP,
    setUp: true,
  },
  'user namespace': {
    lack: noTableOfItsOwn,
    remedy:
      'Linux 6.7 or newer, no chroot, and: sysctl -w kernel.unprivileged_userns_clone=1 kernel.apparmor_restrict_unprivileged_userns=0',
    setUp: true,
  },
  network: {
    lack: () => (process.env.OFFLINE ? 'OFFLINE is set' : undefined),
    remedy: 'connect to a mirror of Debian, and: unset OFFLINE',
    setUp: false,
  },
  'static busybox': program('busybox', 'busybox-static'),
  'docker-registry': program('docker-registry'),
  dpkg: program('dpkg-deb', 'dpkg'),
  gcc: program('gcc', 'gcc libc6-dev'),
  libdeflate: program('libdeflate-gzip', 'libdeflate-tools'),
  openssl: program('openssl'),
  python3: program('python3'),
  shellcheck: program('shellcheck'),
  skopeo: program('skopeo'),
  zstd: program('zstd'),
  'systemd-analyze': { ...program('systemd-analyze', 'systemd'), setUp: false },
  'cloud-init': { ...program('cloud-init'), setUp: false },
  'ignition-validate': { ...program('ignition-validate', 'ignition'), setUp: false },
  kubectl: { ...program('kubectl'), remedy: 'install kubectl 1.21 or newer', setUp: false },
  helm: { ...program('helm'), remedy: 'install Helm: https://helm.sh/docs/intro/install/', setUp: false },
  amd64,
  x86_64: amd64,
  'normal priority': {
    lack: () =>
      getPriority() < constants.priority.PRIORITY_BELOW_NORMAL
        ? undefined
        : 'the tests run below normal priority',
    remedy: 'run them without nice',
    setUp: false,
  },
};

/** A table of interpreters in a user namespace, as the tests of the register script have it. (user_namespaces(7)) */
function noTableOfItsOwn(): string | undefined {
  const mount = ['mount', '-t', 'binfmt_misc', 'binfmt_misc', '/proc/sys/fs/binfmt_misc'];
  const words = ['--user', '--map-root-user', '--mount', ...mount];
  const { status, stderr, error } = spawnSync('unshare', words, { encoding: 'utf8' });
  return status === 0 ? undefined : (error?.message ?? stderr.trim().split('\n')[0]);
}

/** The needs that titles name, outermost first. */
export function needsIn(titles: readonly string[]): string[] {
  const words = titles.flatMap((title) =>
    Array.from(title.matchAll(/\(([^()]*)\)/g), ([, list = '']) => list.split(', ')).flat(),
  );
  return [...new Set(words.filter((word) => Object.hasOwn(NEEDS, word)))];
}

// Nx distinguishes machines by this output: a result is not that of a machine where other tests are skipped.
if (import.meta.main)
  for (const [name, { lack }] of Object.entries(NEEDS)) console.log(`${name}: ${lack() ?? 'yes'}`);
