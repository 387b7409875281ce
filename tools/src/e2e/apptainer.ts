import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HAS_SYS_RESOURCE, type Outcome, run } from './engines.ts';
import { SID_ROOT } from './places.ts';

/** The Apptainer of the set-up, as root. */
export interface Apptainer {
  /** `Apptainer 1.4`. */
  readonly name: string;
  /** By the name that the README has for it, which Debian's package keeps. */
  singularity(...words: string[]): Promise<Outcome>;
  close(): Promise<void>;
}

/** Where it asks for `docker://` images that name no registry; the only way to one on loopback, as it knows no mirrors. */
export const DOCKER_HUB = ['index.docker.io', 'registry-1.docker.io'];

/** Why it cannot be run, or nothing. */
export const NO_APPTAINER = existsSync(join(SID_ROOT, 'usr/bin/apptainer'))
  ? undefined
  : 'no Apptainer: node tools/src/e2e/set-up.ts';

/** Milliseconds: it compresses each image again, which takes a minute for all emulators. */
const PATIENCE = 600_000;

/**
 * Runs words in the folder as the root of a mount namespace: Apptainer refuses a mere chroot.
 * https://man7.org/linux/man-pages/man2/pivot_root.2.html
 */
const ENTER = 'mount --rbind "$0" "$0"; cd "$0"; pivot_root . mnt; cd /; umount --lazy /mnt; exec "$@"';

/**
 * Apptainer with images of its own, which finds Docker Hub on this machine.
 * @param ca the file of the authority that signed its certificate
 */
export async function openApptainer(ca: string): Promise<Apptainer> {
  const folder = await mkdtemp(join(tmpdir(), 'apptainer-'));
  await writeFile(join(SID_ROOT, 'etc/hosts'), `127.0.0.1 localhost ${DOCKER_HUB.join(' ')}\n`);
  const environment = [
    'PATH=/usr/sbin:/usr/bin:/sbin:/bin',
    `HOME=${folder}`,
    `TMPDIR=${folder}`,
    `SSL_CERT_FILE=${ca}`,
    // As root it gives a container all capabilities there are. The same as --drop-caps.
    ...(HAS_SYS_RESOURCE ? [] : ['APPTAINER_DROP_CAPS=CAP_SYS_RESOURCE']),
  ];
  const enter = ['unshare', '--mount', 'sh', '-ec', ENTER, SID_ROOT];
  const call = [...enter, 'env', '--ignore-environment', `--chdir=${folder}`, ...environment, 'singularity'];
  const singularity = (...words: string[]) => run([...call, ...words], { patience: PATIENCE });

  const [version = ''] = /\d+\.\d+/.exec((await singularity('--version')).stdout) ?? [];
  return {
    name: `Apptainer ${version}`,
    singularity,
    close: () => rm(folder, { recursive: true, force: true }),
  };
}
