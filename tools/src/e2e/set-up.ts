#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chooseMirror, readAptSources } from '@qemu-user-static/debian-archive';
import { $ } from 'zx';
import { readTable } from './binfmt-table.ts';
import { startEngine } from './engine-process.ts';
import { BINFMT, ENGINES, FOLDER, NEWER_ROOT, STATE } from './places.ts';

// Brings what the end-to-end suites need to a Debian machine, and starts it: a Docker Engine of this Debian, and
// a newer one in a folder of its own. What is there already stays as it is. tools/src/e2e/tear-down.ts ends it.

/** Of this machine's Debian. No daemon of theirs is started: Debian's policy-rc.d is ours while they are installed. */
const PACKAGES = [
  'docker.io',
  'podman',
  'runc',
  'skopeo',
  'docker-registry',
  'mmdebstrap',
  'iproute2',
  'util-linux',
];
/** Of the newer Debian, where `--privileged` works without CAP_SYS_RESOURCE. */
const NEWER_PACKAGES = [
  'docker.io',
  'docker-cli',
  'docker-buildx',
  'podman',
  'crun',
  'iptables',
  'ca-certificates',
];
const NEWER_SUITE = 'trixie';

$.env.DEBIAN_FRONTEND = 'noninteractive';
if (process.getuid?.() !== 0) throw new Error('the set-up starts engines, which needs root');

await timed('packages', installPackages);
await mkdir(FOLDER, { recursive: true });
await timed('kernel', rememberTable);
await timed('newer Debian', makeNewerDebian);
await timed('Docker Engine', () => startEngine(ENGINES.own));
await timed('newer Docker Engine', () => startEngine(ENGINES.newer));

async function installPackages(): Promise<void> {
  const { stdout } = await $`dpkg-query -W -f '\${Package} \${Status}\n'`.quiet();
  const missing = PACKAGES.filter((name) => !stdout.includes(`${name} install ok installed`));
  if (missing.length === 0) return;
  await $`apt-get -qq update`;
  await withoutDaemons(() => $`apt-get -qq install --yes --no-install-recommends ${missing}`.quiet());
}

/** Packages ask this program whether they may start their daemon: 101 is no. (policy-rc.d(8), invoke-rc.d(8)) */
async function withoutDaemons(work: () => Promise<unknown>): Promise<void> {
  const policy = '/usr/sbin/policy-rc.d';
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
  if (existsSync(STATE)) return;
  const mounted = existsSync(join(BINFMT, 'register'));
  if (!mounted) await $`mount -t binfmt_misc binfmt_misc ${BINFMT}`;
  await writeFile(STATE, JSON.stringify({ mounted, entries: await readTable(BINFMT) }));
}

async function makeNewerDebian(): Promise<void> {
  if (!existsSync(NEWER_ROOT)) {
    const { url } = chooseMirror({
      option: undefined,
      environment: process.env,
      sources: undefined,
      aptConfiguration: await readAptSources(),
    });
    const making = `${NEWER_ROOT}.making`;
    await rm(making, { recursive: true, force: true });
    await $`mmdebstrap --variant=minbase --include=${NEWER_PACKAGES.join(',')} ${NEWER_SUITE} ${making} ${url.href}`.quiet();
    await rename(making, NEWER_ROOT);
  }
  const mounts = await readFile('/proc/self/mountinfo', 'utf8');
  if (mounts.includes(` ${NEWER_ROOT} `)) return;
  // A mount point of its own: an engine remounts the file system that its layers are on.
  await $`mount --bind ${NEWER_ROOT} ${NEWER_ROOT}`;
  for (const place of ['proc', 'sys', 'dev']) await $`mount --rbind /${place} ${join(NEWER_ROOT, place)}`;
  for (const place of ['proc', 'sys', 'dev']) await $`mount --make-rslave ${join(NEWER_ROOT, place)}`;
}

async function timed(what: string, work: () => Promise<unknown>): Promise<void> {
  const begun = performance.now();
  await work();
  process.stderr.write(`${what}: ready in ${((performance.now() - begun) / 1000).toFixed(1)} s\n`);
}
