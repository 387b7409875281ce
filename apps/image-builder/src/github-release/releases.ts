import { join } from 'node:path';
import type { HostPlatform } from '@qemu-user-static/arch-table';
import { printable } from '@qemu-user-static/errors';
import type { GitHub } from '@qemu-user-static/github';
import { formatLock, type Lock } from '@qemu-user-static/lock';
import type { ImageSet } from '../layouts/image-set.ts';
import type { OnEvent } from '../report/events.ts';
import { type Asset, makeAssets } from './assets.ts';
import { listReleases } from './draft.ts';
import { releaseNotes } from './notes.ts';
import { planReleases, type ReleasePlan } from './plan.ts';
import { makeRelease, previousRelease, type ReleaseOutcome } from './release.ts';

/** The images that are released, and what they were made from. */
export interface ReleasedImages {
  readonly lock: Lock;
  readonly set: ImageSet;
}

/** How the files of the releases are named, and the folder they are written to. */
export interface ReleaseFiles {
  /** The host whose files have no host in their names. */
  readonly plainHost: HostPlatform;
  /** Each release has a folder of its own in it. */
  readonly assets: string;
}

/** Releases whose files are on disk. */
export interface PreparedReleases {
  readonly lock: Lock;
  readonly plainHost: HostPlatform;
  readonly releases: readonly { readonly plan: ReleasePlan; readonly assets: readonly Asset[] }[];
}

/** Where releases go, and the commit that their tags are put on. */
export interface ReleaseTarget {
  readonly github: GitHub;
  /** 40 hex digits. */
  readonly commit: string;
}

/** Plans the releases of a set of images and writes their files. @throws as `planReleases` and `makeAssets` */
export async function prepareReleases(
  { lock, set }: ReleasedImages,
  { plainHost, assets: folder }: ReleaseFiles,
): Promise<PreparedReleases> {
  const releases = [];
  for (const plan of planReleases(lock, set)) {
    const assets = await makeAssets(plan, formatLock(lock), plainHost, join(folder, plan.tag));
    releases.push({ plan, assets });
  }
  return { lock, plainHost, releases };
}

/** Makes the releases on GitHub, one after the other. @throws as `makeRelease` */
export async function publishReleases(
  { lock, plainHost, releases }: PreparedReleases,
  { github, commit }: ReleaseTarget,
  onEvent: OnEvent,
): Promise<ReleaseOutcome[]> {
  const previous = await previousRelease(github, await listReleases(github), lock);
  const made: ReleaseOutcome[] = [];
  for (const { plan, assets } of releases) {
    const notes = releaseNotes(plan, lock, assets, plainHost, previous);
    made.push(await makeRelease(github, { plan, assets, notes, commit }, onEvent));
  }
  return made;
}

/** One line a release: its tag, what was done, and its address. */
export function formatMade(made: readonly ReleaseOutcome[]): string {
  return made
    .map(({ tag, action, assets, url }) => `${tag}: ${action}, ${assets} files, ${printable(url)}`)
    .join('\n');
}
