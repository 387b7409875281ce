#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { $ } from 'zx';
import { ROOT } from '../repository.ts';
import { readTable } from './binfmt-table.ts';
import { aptMirror } from './debian.ts';
import { startEngine } from './engine-process.ts';
import { openEngine } from './engines.ts';
import { abortOnInterrupt } from './interrupt.ts';
import {
  BINFMT,
  ENGINES,
  type EnginePlace,
  KEPT,
  LAYOUT,
  NEWER_ROOT,
  SHARED,
  SID_ROOT,
  STATE,
} from './places.ts';
import { tearDown } from './tear-down.ts';

// Brings what the end-to-end suites need to a Debian machine, and starts it: a Docker Engine of this Debian, and a newer
// one in a folder of its own; Podman of both; and Apptainer in another folder. Anything that exists stays as it is.
// tools/src/e2e/tear-down.ts ends it.

/** Of this machine's Debian. No daemon of theirs is started: Debian's policy-rc.d is ours while they are installed. */
const PACKAGES = [
  // Engines, and what the set-up itself calls.
  ...['docker.io', 'docker-compose', 'podman', 'runc', 'uidmap'],
  ...['skopeo', 'docker-registry', 'mmdebstrap', 'iproute2', 'util-linux'],
  // Shells and tools that other suites run; a suite without its tool is skipped by name.
  ...[
    'busybox-static',
    'ca-certificates',
    'dash',
    'dpkg-dev',
    'gcc',
    'git',
    'libc6-dev',
    'libdeflate-tools',
    'openssl',
    'python3',
    'shellcheck',
    'xz-utils',
    'zstd',
  ],
];
/** Of the newer Debian, where `--privileged` works without CAP_SYS_RESOURCE. */
const NEWER_PACKAGES = [
  'docker.io',
  'docker-cli',
  'docker-buildx',
  'docker-compose',
  'podman',
  'crun',
  'iptables',
  'ca-certificates',
];

/** A Debian in a folder. */
interface DebianFolder {
  readonly root: string;
  readonly suite: string;
  readonly packages: readonly string[];
  /** For its APT, from the start and later. */
  readonly aptOption?: string;
}

const NEWER: DebianFolder = { root: NEWER_ROOT, suite: 'trixie', packages: NEWER_PACKAGES };
const SID: DebianFolder = {
  root: SID_ROOT,
  suite: 'sid',
  packages: ['apptainer', 'ca-certificates'],
  // A mirror may lag behind.
  aptOption: 'Acquire::Check-Valid-Until "false"',
};

/** Each step finds out for itself what is missing. @throws Error, with nothing left running, where one fails */
export async function setUp(): Promise<void> {
  if (process.getuid?.() !== 0) throw new Error('The set-up starts engines, which needs root.');
  $.env.DEBIAN_FRONTEND = 'noninteractive';
  const stands = existsSync(STATE);
  try {
    await installTools();
    await mkdir(SHARED, { recursive: true });
    await timed('kernel', rememberTable);
    await allThrough([
      timed('Docker Engine', () => startEngine(ENGINES.own)),
      timed('newer Debian and its Docker Engine', async () => {
        await makeDebian(NEWER);
        await startEngine(ENGINES.newer);
      }),
      timed('Debian sid', () => makeDebian(SID)),
      timed('images', buildImages),
    ]);
    await timed('images in the engines', () => allThrough(Object.values(ENGINES).map(keepImages)));
  } catch (error) {
    if (!stands) await tearDown();
    throw error;
  }
}

/** The programs of this machine's Debian that tests and set-up run. */
export async function installTools(): Promise<void> {
  await timed('packages', () => installPackages('/', PACKAGES));
}

/** Waits for each, also where another failed: what is still at work cannot be taken away. */
export async function allThrough(works: readonly Promise<unknown>[]): Promise<void> {
  const failed = (await Promise.allSettled(works)).find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
}

/** Installs those that the Debian in a folder lacks. */
async function installPackages(root: string, packages: readonly string[]): Promise<void> {
  const database = join(root, 'var/lib/dpkg');
  const { stdout } = await $`dpkg-query --admindir=${database} -W -f '\${Package} \${Status}\n'`.quiet();
  const there = new Set(stdout.split('\n'));
  const missing = packages.filter((name) => !there.has(`${name} install ok installed`));
  if (missing.length === 0) return;
  const apt = ['chroot', root, 'apt-get', '-qq'];
  await $`${apt} update`;
  await withoutDaemons(root, () => $`${apt} install --yes --no-install-recommends ${missing}`.quiet());
}

/** Packages ask this program whether they may start their daemon: 101 is no. (policy-rc.d(8), invoke-rc.d(8)) */
async function withoutDaemons(root: string, work: () => Promise<unknown>): Promise<void> {
  const policy = join(root, 'usr/sbin/policy-rc.d');
  const own = !existsSync(policy);
  if (own) await writeFile(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    await work();
  } finally {
    if (own) await rm(policy);
  }
}

/** Mounts the kernel's table where it is not, and writes down what the tear-down has to leave. */
async function rememberTable(): Promise<void> {
  const mounted = existsSync(join(BINFMT, 'register'));
  if (!mounted) await $`mount -t binfmt_misc binfmt_misc ${BINFMT}`;
  if (existsSync(STATE)) return;
  await writeFile(STATE, JSON.stringify({ mounted, entries: await readTable(BINFMT) }));
}

async function makeDebian({ root, suite, packages, aptOption }: DebianFolder): Promise<void> {
  if (!existsSync(root)) {
    const making = `${root}.making`;
    await rm(making, { recursive: true, force: true });
    const options = ['--variant=minbase', `--include=${packages.join(',')}`];
    if (aptOption !== undefined) options.push(`--aptopt=${aptOption}`);
    await $`mmdebstrap ${options} ${suite} ${making} ${(await aptMirror()).href}`.quiet();
    await rename(making, root);
  }
  const mounts = await readFile('/proc/self/mountinfo', 'utf8');
  const isMounted = (place: string) => mounts.includes(` ${place} `);
  // A mount point of its own: an engine remounts the file system that its layers are on.
  if (!isMounted(root)) await $`mount --bind ${root} ${root}`;
  for (const place of ['/proc', '/sys', '/dev'].filter((name) => !isMounted(join(root, name)))) {
    await $`mount --rbind ${place} ${join(root, place)}`;
    await $`mount --make-rslave ${join(root, place)}`;
  }
  // Parts that an earlier set-up did not have yet.
  await installPackages(root, packages);
  const shared = join(root, SHARED);
  await mkdir(shared, { recursive: true });
  if (!isMounted(shared)) await $`mount --bind ${SHARED} ${shared}`;
}

/** The images to try are those of this checkout, unless E2E_LAYOUT names a folder that has some. */
async function buildImages(): Promise<void> {
  if (process.env.E2E_LAYOUT === undefined) await $({ cwd: ROOT })`npx nx run image-builder:build`.quiet();
}

const KEPT_TAGS = ['latest', 'register', 'aarch64'];

/** Loads the images that suites share. These names keep the layers when a suite removes its images. */
export async function keepImages(place: EnginePlace): Promise<void> {
  const { builder } = openEngine(place);
  for (const tag of KEPT_TAGS) {
    const words = ['load', '--layout', LAYOUT, '--image', tag, '--repository', KEPT];
    const { code, stderr } = await builder(...words);
    if (code !== 0) throw new Error(stderr);
  }
}

/** Removes them, until `keepImages`, so that a pull finds none of their layers. */
export async function dropImages(place: EnginePlace): Promise<void> {
  const { docker } = openEngine(place);
  const { code, stderr } = await docker('rmi', ...KEPT_TAGS.map((tag) => `${KEPT}:${tag}`));
  if (code !== 0) throw new Error(stderr);
}

async function timed(what: string, work: () => Promise<unknown>): Promise<void> {
  const begun = performance.now();
  await work();
  process.stderr.write(`${what}: ready in ${((performance.now() - begun) / 1000).toFixed(1)} s\n`);
}

if (import.meta.main) {
  abortOnInterrupt();
  await setUp();
}
