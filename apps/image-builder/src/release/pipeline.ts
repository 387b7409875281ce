import type { Compression } from '@qemu-user-static/compression';
import { claimFolder } from '@qemu-user-static/files';
import type { Lock } from '@qemu-user-static/lock';
import { type Digest, LAYOUT_CONTENTS } from '@qemu-user-static/oci-image';
import { renderRegisterScript } from '@qemu-user-static/register';
import { type Built, build } from '../build/build.ts';
import { fetch, type Selection, select } from '../build/fetch.ts';
import type { BuildInputs } from '../build/inputs.ts';
import { proofOf } from '../build/proof.ts';
import { check } from '../check/check.ts';
import { smokeWhereItCan } from '../check/smoke-stage.ts';
import { originOf } from '../images/labels.ts';
import { stage } from '../report/events.ts';
import { recallStamps, rememberStamps } from './stamps.ts';
import { type Summary, summarize } from './summary.ts';

/** Which images a layout gets, and where it is. */
export interface LayoutOptions extends Selection {
  readonly output: string;
  readonly compressions: readonly Compression[];
  /** Stamps of blobs in the layout that need not be read. */
  readonly trusted?: ReadonlyMap<Digest, string>;
}

export interface ReleaseOptions extends LayoutOptions {
  /** Fail where the images cannot be tried on a container engine. */
  readonly requireSmoke: boolean;
}

/**
 * The main job, from the lock to a proven layout:
 *
 *   sources.lock.json ──fetch──▶ packages ──build──▶ OCI layout ──check──▶ smoke ──▶ summary
 *
 * Trust was settled when `update` wrote the lock, so each stage needs only its hashes. `build` reads every
 * package as a stream (build/extract.ts), makes the layers of each platform (build/assemble-platform.ts)
 * by the recipe in Dockerfile.template, then the documents over them (build/tag-images.ts).
 */
export async function release(lock: Lock, options: ReleaseOptions, inputs: BuildInputs): Promise<Summary> {
  const { archive, onEvent } = inputs;
  const layout = { folder: options.output };
  const trusted = await recallStamps(layout, archive.cache);
  const begun = Date.now();
  const built = await makeLayout(lock, { ...options, trusted }, inputs);
  const checkBegun = Date.now();
  const report = await stage('check', onEvent, () =>
    check(built.layout, proofOf(lock, inputs), { onEvent, afresh: false, hashed: built.sound }),
  );
  await rememberStamps(layout, archive.cache, trusted, [
    // Those that were made in this run, which the check has hashed; the others were hashed before they were used.
    { digests: built.blobs, since: checkBegun },
    { digests: built.sound, since: begun },
  ]);
  const smoked = await stage('smoke', onEvent, () => smokeWhereItCan(built.layout, options, onEvent));
  return summarize(lock, built, report, smoked);
}

/** The stages that make the layout. */
export async function makeLayout(lock: Lock, options: LayoutOptions, inputs: BuildInputs): Promise<Built> {
  const { archive, template, source, sourceDateEpoch, onEvent } = inputs;
  const { output, compressions, trusted = new Map() } = options;
  // A selection that the lock does not have is refused before any download.
  select(lock, options);
  await claimFolder(output, LAYOUT_CONTENTS);
  const fetched = await stage('fetch', onEvent, () => fetch(lock, options, archive));
  const script = renderRegisterScript(source);
  const origin = originOf(lock, template, script, source);
  const count = fetched.reduce((sum, { platforms }) => sum + platforms.length, 0);
  onEvent({ type: 'expected', unit: 'platforms', count });
  return stage('build', onEvent, () =>
    build(lock, fetched, {
      ...{ output, compressions, template, script, origin, sourceDateEpoch, onEvent },
      ...{ cache: archive.cache, trusted },
    }),
  );
}
