import { existsSync } from 'node:fs';
import { chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { type Outcome, run } from './engines.ts';
import { NEWER_ROOT } from './places.ts';

/** A Podman of the set-up. */
export interface Podman {
  /** `Podman 4.3`. */
  readonly name: string;
  podman(...words: string[]): Promise<Outcome>;
  close(): Promise<void>;
}

/** Whose Podman it is: this machine's root's, or a user's, who must be in /etc/subuid. */
export interface Owner {
  readonly name: string;
  readonly uid: number;
}

/** The Debian folders that have one. */
export const PODMAN_ROOTS = ['/', NEWER_ROOT];

/** Why no Podman can be run, or nothing. */
export const NO_PODMAN = PODMAN_ROOTS.every((root) => existsSync(join(root, 'usr/bin/podman')))
  ? undefined
  : 'no Podman: node tools/src/e2e/set-up.ts';

/** Milliseconds: it unpacks half a gigabyte of emulators. */
const PATIENCE = 600_000;

/**
 * Podman with images and settings of its own, which takes the registry at `hub` for Docker Hub.
 * @param root the folder of its Debian
 */
export async function openPodman(root: string, hub: string, owner?: Owner): Promise<Podman> {
  // A short name: where `runroot` has more than 50 characters, the cleanup that Podman 4 has conmon call refuses it,
  // and Podman waits 20 s for each container. (https://github.com/containers/podman/issues/22272)
  const seen = await mkdtemp(join(root, 'var/tmp/podman-'));
  const folder = join('/', relative(root, seen));
  const settings = settingsFor(folder, hub);
  for (const [file, lines] of Object.entries(settings)) await writeFile(join(seen, file), lines.join('\n'));
  await mkdir(join(seen, 'runtime'), { mode: 0o700 });
  if (owner !== undefined)
    for (const place of ['', 'runtime']) await chown(join(seen, place), owner.uid, owner.uid);

  const environment = [
    `CONTAINERS_CONF=${folder}/containers.conf`,
    `CONTAINERS_REGISTRIES_CONF=${folder}/registries.conf`,
    `CONTAINERS_STORAGE_CONF=${folder}/storage.conf`,
    `TMPDIR=${folder}`,
    ...(owner === undefined ? [] : [`HOME=${folder}`, `XDG_RUNTIME_DIR=${folder}/runtime`]),
  ];
  const become =
    owner === undefined
      ? []
      : ['setpriv', '--reuid', `${owner.uid}`, '--regid', `${owner.uid}`, '--init-groups'];
  const call = ['env', '--chdir', folder, ...environment, ...become, 'podman'];
  const podman = (...words: string[]) => run(['chroot', root, ...call, ...words], { patience: PATIENCE });

  const { stdout } = await podman('version', '--format', '{{.Client.Version}}');
  const [version = ''] = /^\d+\.\d+/.exec(stdout) ?? [];
  return {
    name: `Podman ${version}${owner === undefined ? '' : ', rootless'}`,
    podman,
    close: async () => {
      await podman('rmi', '--all', '--force');
      // Ends the process that keeps a rootless user's namespace. (podman-system-migrate(1))
      await podman('system', 'migrate');
      // Mounts that root's Podman leaves, if any.
      await run(['umount', '--recursive', '--lazy', join(seen, 'images/overlay')]);
      await rm(seen, { recursive: true, force: true });
    },
  };
}

/** https://github.com/containers/common/blob/v0.62.0/docs/containers.conf.5.md and its neighbours. */
function settingsFor(folder: string, hub: string): Readonly<Record<string, readonly string[]>> {
  return {
    'containers.conf': [
      '[containers]',
      // Its own defaults are above what a root without CAP_SYS_RESOURCE may ask for.
      'default_ulimits = ["nofile=1024:1024", "nproc=1000:1000"]',
      'netns = "none"',
      '[engine]',
      // crun refuses machines that have cgroups of both versions.
      'runtime = "runc"',
      'cgroup_manager = "cgroupfs"',
      'events_logger = "none"',
    ],
    'registries.conf': [
      'unqualified-search-registries = ["docker.io"]',
      '[[registry]]',
      'prefix = "docker.io"',
      `location = "${hub}"`,
      'insecure = true',
    ],
    'storage.conf': [
      '[storage]',
      'driver = "overlay"',
      `graphroot = "${folder}/images"`,
      `runroot = "${folder}/run"`,
    ],
  };
}
