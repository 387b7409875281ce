import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type OpenedGitHub, openedGitHub } from '@qemu-user-static/github/testing';
import { readLock } from '@qemu-user-static/lock';
import type { Environment } from '../commands/environment.ts';
import { type command as gitHubReleaseCommand, releaseTarget } from '../commands/github-release.ts';
import { imagesIn, verdictOn } from '../commands/images.ts';
import { formatMade, prepareReleases, publishReleases } from '../github-release/releases.ts';
import { type MadeCheckout, madeCheckout } from './made-checkout.ts';
import { stateOf } from './release-state.ts';

export const COMMIT = 'c'.repeat(40);

/** Releases whose files are made, in a folder of their own. */
export interface ReleasesAtHand {
  readonly folder: string;
  readonly checkout: MadeCheckout;
  readonly options: Parameters<typeof gitHubReleaseCommand.run>[0];
  /** Makes the releases on a GitHub. */
  release(opened: OpenedGitHub, change?: Partial<Environment>): Promise<string>;
  /** The state after an undisturbed run. */
  undisturbed(): Promise<ReturnType<typeof stateOf>>;
  close(): Promise<void>;
}

export async function releasesAtHand(): Promise<ReleasesAtHand> {
  const folder = await mkdtemp(join(tmpdir(), 'github-release-'));
  const checkout = await madeCheckout(folder);
  const layout = await checkout.build('whole');
  const options: Parameters<typeof gitHubReleaseCommand.run>[0] = {
    layout: [layout],
    plainHost: 'linux/amd64',
    assets: join(folder, 'assets'),
  };
  const { environment } = checkout;
  const lock = await readLock(environment.paths.lock);
  const set = await imagesIn({ layout: [layout], platform: [], tag: [] }, environment);
  const gate = await verdictOn(set, undefined, environment);
  const prepared = await prepareReleases({ lock, set, conformance: '{}\n', gate }, options);
  let left: ReturnType<typeof stateOf> | undefined;

  const release: ReleasesAtHand['release'] = async ({ github }, change = {}) => {
    const builder = async () => ({ commit: COMMIT, builder: { id: 'test' } });
    const machine = { ...checkout.environment, github: async () => github, builder, ...change };
    const target = await releaseTarget(undefined, machine);
    return formatMade(await publishReleases(prepared, target, machine.onEvent));
  };
  return {
    folder,
    checkout,
    options,
    release,
    undisturbed: async () => {
      if (left !== undefined) return left;
      const opened = await openedGitHub();
      await release(opened);
      left = stateOf(opened.repository);
      return left;
    },
    close: async () => {
      await checkout.environment.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
