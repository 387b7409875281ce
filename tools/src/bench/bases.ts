import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type HostPlatform, host } from '@qemu-user-static/arch-table';
import { chooseMirror, readAptSources } from '@qemu-user-static/debian-archive';
import { $ } from 'zx';
import { FOLDER } from '../e2e/places.ts';

/** The first of which a mirror has every package of the platform: not each mirror has all of each. */
export const BASE_SUITES = ['trixie', 'bookworm', 'sid'];

/** debootstrap's minbase, as patterns of apt-patterns(7). */
export const INCLUDED = ['?essential', '?priority(required)', 'apt'];

/** Files that Debian's slim images leave out too. */
const LEFT_OUT = [
  'usr/share/man',
  'usr/share/info',
  'usr/share/locale',
  'usr/share/lintian',
  'var/lib/apt/lists',
];

/**
 * The root folder of a small Debian for a platform, as a tarball: what debootstrap
 * calls minbase. It is unpacked and not
 * configured, since that would run foreign programs; sizes differ by a few hundred kilobytes of databases.
 */
export async function debianBase(platform: HostPlatform): Promise<string> {
  const { debian } = host(platform);
  const folder = join(FOLDER, 'bases');
  const path = join(folder, `${debian}.tar`);
  if (existsSync(path)) return path;
  await mkdir(folder, { recursive: true });
  const { url } = chooseMirror({
    option: undefined,
    environment: process.env,
    sources: undefined,
    aptConfiguration: await readAptSources(),
  });
  const making = join(folder, `making-${debian}.tar`);
  const slim = `cd "$1" && rm -rf ${LEFT_OUT.join(' ')} && find usr/share/doc -type f ! -name copyright -delete`;
  const what = ['--variant=extract', ...INCLUDED.map((one) => `--include=${one}`), `--extract-hook=${slim}`];
  // The images are measured and removed, so a mirror that lags behind will do.
  const late = '--aptopt=Acquire::Check-Valid-Until "false"';
  let problem: unknown;
  for (const suite of BASE_SUITES) {
    await rm(making, { force: true });
    try {
      await $`mmdebstrap --architectures=${debian} ${late} ${what} ${suite} ${making} ${url.href}`.quiet();
      await rename(making, path);
      return path;
    } catch (error) {
      problem = error;
    }
  }
  throw new Error(`no base for ${platform}: ${url.href} has none of ${BASE_SUITES.join(', ')} whole`, {
    cause: problem,
  });
}
