import { join } from 'node:path';
import type { HostPlatform } from '@qemu-user-static/arch-table';
import { printable } from '@qemu-user-static/errors';
import type { GitHub } from '@qemu-user-static/github';
import { formatLock, type Lock } from '@qemu-user-static/lock';
import { type Gate, isStopped } from '../images/gate.ts';
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
  /** Text of docs/conformance.json. */
  readonly conformance: string;
  readonly gate: Gate;
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
  readonly gate: Gate;
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
  { lock, set, conformance, gate }: ReleasedImages,
  { plainHost, assets: folder }: ReleaseFiles,
): Promise<PreparedReleases> {
  const releases = [];
  const texts = { lock: formatLock(lock), conformance };
  for (const planned of planReleases(lock, set)) {
    const plan = { ...planned, isLatest: planned.isLatest && !isStopped(gate, planned.channel) };
    const assets = await makeAssets(plan, texts, plainHost, join(folder, plan.tag));
    releases.push({ plan, assets });
  }
  return { lock, plainHost, gate, releases };
}

/** Makes the releases on GitHub, one after the other. @throws as `makeRelease` */
export async function publishReleases(
  { lock, plainHost, gate, releases }: PreparedReleases,
  { github, commit }: ReleaseTarget,
  onEvent: OnEvent,
): Promise<ReleaseOutcome[]> {
  const previous = await previousRelease(github, await listReleases(github), lock);
  const made: ReleaseOutcome[] = [];
  for (const { plan, assets } of releases) {
    const notes = releaseNotes(plan, lock, assets, plainHost, previous, gate);
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
