import { join } from 'node:path';
import type { HostPlatform } from '@qemu-user-static/arch-table';
import type { GitHub } from '@qemu-user-static/github';
import { formatLock, type Lock } from '@qemu-user-static/lock';
import type { ImageSet } from '../layouts/image-set.ts';
import { type OnEvent, stage } from '../report/events.ts';
import { type Asset, makeAssets } from './assets.ts';
import { listReleases } from './draft.ts';
import { releaseNotes } from './notes.ts';
import { planReleases, type ReleasePlan } from './plan.ts';
import { type MadeRelease, makeRelease, previousRelease } from './release.ts';

/** Where releases go, and the commit that they are of. */
export interface ReleaseTarget {
  readonly github: GitHub;
  readonly commit: string;
}

/** The files of a release. */
export interface ReleaseFiles {
  /** The host whose files have no host in their names. */
  readonly plainHost: HostPlatform;
  /** Folder in which the files are made. */
  readonly assets: string;
}

/** A release, and its files on disk. */
export interface PreparedRelease {
  readonly plan: ReleasePlan;
  readonly assets: readonly Asset[];
  readonly plainHost: HostPlatform;
}

/** Makes the files of the releases that a set of images gives. */
export function prepareReleases(
  lock: Lock,
  set: ImageSet,
  template: string,
  { plainHost, assets }: ReleaseFiles,
  onEvent: OnEvent,
): Promise<PreparedRelease[]> {
  return stage('github-release', onEvent, async () => {
    const prepared: PreparedRelease[] = [];
    for (const plan of planReleases(lock, set, template)) {
      const made = await makeAssets(plan, formatLock(lock), plainHost, join(assets, plan.tag));
      prepared.push({ plan, assets: made, plainHost });
    }
    return prepared;
  });
}

/**
 * Makes the releases on GitHub, one after the other.
 * @throws GitHubError GITHUB_*
 * @throws BuilderError RELEASE_DIFFERS, TAG_ELSEWHERE, ASSET_NOT_KEPT
 */
export async function publishReleases(
  prepared: readonly PreparedRelease[],
  lock: Lock,
  { github, commit }: ReleaseTarget,
  onEvent: OnEvent,
): Promise<MadeRelease[]> {
  const previous = await previousRelease(github, await listReleases(github), lock);
  const made: MadeRelease[] = [];
  for (const { plan, assets, plainHost } of prepared) {
    const notes = releaseNotes(plan, lock, assets, plainHost, previous);
    made.push(await makeRelease(github, { plan, assets, notes, commit }, onEvent));
  }
  return made;
}

export function formatMade(made: readonly MadeRelease[]): string {
  return made.map(({ tag, action, assets, url }) => `${tag}: ${action}, ${assets} files, ${url}`).join('\n');
}
