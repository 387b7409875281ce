import { existsSync } from 'node:fs';
import { copyFile, cp, mkdir, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { $ } from 'zx';
import { ROOT } from '../repository.ts';
import { aptMirror } from './debian.ts';
import { abortOnInterrupt } from './interrupt.ts';
import { FOLDER } from './places.ts';

// The README's `npm ci && npm test` as on a new machine: one that has been worked on has programs that a new one lacks, so
// that what passes there can fail for the first user. In it runs the last commit. Needs root, git, mmdebstrap, npm.
//
//   node tools/src/e2e/new-machine.ts

/** The packages of the README, except npm; ca-certificates for HTTPS. */
const PACKAGES = ['git', 'xz-utils', 'ca-certificates'];

/** With the Node that runs this, as people unpack it on a server: Debian's own npm is 400 packages. */
const NPM = 'npm@11.19.1';

const CERTIFICATES = 'etc/ssl/certs/ca-certificates.crt';
const PROJECT = 'root/project';
/** As tools/src/test.ts writes it. */
const REPORT = 'dist/test-report.json';

/** How it reaches the network, as this machine does. */
const NETWORK = ['http_proxy', 'https_proxy', 'no_proxy'].flatMap((name) => [name, name.toUpperCase()]);

/** Runs words in the folder as the root of a mount namespace: a mere chroot is refused user namespaces. (user_namespaces(7)) */
const ENTER = [
  'mount --bind "$0" "$0"; cd "$0"',
  'for place in proc sys dev; do mount --rbind "/$place" "$place"; done',
  'pivot_root . mnt; cd /root/project; umount --lazy /mnt; exec "$@"',
].join('; ');

/** How `npm ci && npm test` ended there, and where its report is; none, if it came to no end. */
export interface Tested {
  readonly exitCode: number;
  readonly report: string | undefined;
}

/** Makes the machine, tests the last commit on it, and removes it. */
export async function testOnNewMachine(): Promise<Tested> {
  const root = join(FOLDER, 'new-machine');
  await rm(root, { recursive: true, force: true });
  await mkdir(FOLDER, { recursive: true });
  try {
    await makeMachine(root);
    await $`git clone --quiet ${ROOT} ${join(root, PROJECT)}`.quiet();
    const enter = ['unshare', '--mount', 'sh', '-ec', ENTER, root];
    const call = ['env', '--ignore-environment', ...(await environment()), 'sh', '-c', 'npm ci && npm test'];
    const shown = $({ nothrow: true, stdio: ['ignore', 'inherit', 'inherit'] });
    const { exitCode } = await shown`${enter} ${call}`;
    const [made, report] = [join(root, PROJECT, REPORT), resolve(ROOT, 'dist/new-machine-report.json')];
    if (!existsSync(made)) return { exitCode: exitCode || 1, report: undefined };
    await mkdir(dirname(report), { recursive: true });
    await copyFile(made, report);
    return { exitCode: exitCode ?? 1, report };
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function makeMachine(root: string): Promise<void> {
  const { stdout: suite } = await $`. /etc/os-release; echo "$VERSION_CODENAME"`.quiet();
  const options = ['--quiet', '--variant=minbase', `--include=${PACKAGES.join(',')}`];
  await $`mmdebstrap ${options} ${suite.trim()} ${root} ${(await aptMirror()).href}`.quiet();
  await $`npm install --global --prefix ${join(root, 'usr/local')} ${NPM}`.quiet();
  await copyFile(process.execPath, join(root, 'usr/local/bin/node'));
  for (const path of [CERTIFICATES, 'etc/resolv.conf', 'etc/hosts'])
    await cp(join('/', path), join(root, path), { dereference: true, force: true });
}

async function environment(): Promise<string[]> {
  const { stdout: registry } = await $({ cwd: ROOT })`npm config get registry`.quiet();
  return [
    'HOME=/root',
    'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    'LANG=C.UTF-8',
    `NODE_EXTRA_CA_CERTS=/${CERTIFICATES}`,
    `npm_config_registry=${registry.trim()}`,
    ...NETWORK.flatMap((name) => (process.env[name] === undefined ? [] : [`${name}=${process.env[name]}`])),
  ];
}

if (import.meta.main) {
  abortOnInterrupt();
  process.exitCode = (await testOnNewMachine()).exitCode;
}
