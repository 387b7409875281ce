import type { Compression } from '@qemu-user-static/compression';
import { type Lock, readLock } from '@qemu-user-static/lock';
import { renderRegisterScript } from '@qemu-user-static/register';
import { type Built, build } from '../build/build.ts';
import { fetch, type Selection } from '../build/fetch.ts';
import { check } from '../check/check.ts';
import { smokeWhereItCan } from '../check/smoke-stage.ts';
import type { Environment } from '../commands/environment.ts';
import { provenanceOf } from '../images/labels.ts';
import type { OnEvent, Stage } from '../report/events.ts';
import { type Summary, summarize } from './summary.ts';

/** What a release is to be made of, and where it goes. */
export interface ReleaseOptions extends Selection {
  readonly output: string;
  readonly compressions: readonly Compression[];
}

/** What a release needs besides. */
export interface ProvenReleaseOptions extends ReleaseOptions {
  /** Fail where the images cannot be tried on a container engine. */
  readonly requireSmoke: boolean;
}

/**
 * The main job, from the lock to a proven layout:
 *
 *   sources.lock.json ──fetch──▶ packages ──build──▶ OCI layout ──check──▶ smoke ──▶ summary
 *
 * Trust was settled when `update` wrote the lock, so each stage needs only its hashes. `build` reads every
 * package as a stream (stages/extract.ts), makes the layers of each platform (stages/assemble-platform.ts)
 * by the recipe in Dockerfile.template, then the documents over them (stages/tag-images.ts).
 */
export async function release(options: ProvenReleaseOptions, environment: Environment): Promise<Summary> {
  const { onEvent } = environment;
  const { lock, built } = await buildStages(options, environment);
  const report = await stage('check', onEvent, () =>
    check(built.layout, lock, { onEvent, afresh: false, hashed: built.sound }),
  );
  const smoked = await stage('smoke', onEvent, () => smokeWhereItCan(built.layout, options, onEvent));
  return summarize(lock, built, report, smoked);
}

/** The stages that make the layout. */
export async function buildStages(
  options: ReleaseOptions,
  environment: Environment,
): Promise<{ lock: Lock; built: Built }> {
  const lock = await readLock(environment.paths.lock);
  return { lock, built: await makeLayout(lock, options, environment) };
}

/** The layout of a lock. */
export async function makeLayout(
  lock: Lock,
  options: ReleaseOptions,
  environment: Environment,
): Promise<Built> {
  const { onEvent, sourceDateEpoch } = environment;
  const archive = await environment.archive();
  const fetched = await stage('fetch', onEvent, () => fetch(lock, options, archive));

  const { output, compressions } = options;
  const template = await environment.template();
  const script = renderRegisterScript();
  const provenance = provenanceOf(lock, template, script, environment.source);
  return stage('build', onEvent, () =>
    build(lock, fetched, {
      output,
      compressions,
      template,
      script,
      provenance,
      sourceDateEpoch,
      onEvent,
    }),
  );
}

/** Runs one stage and tells how long it took. */
export async function stage<T>(name: Stage, onEvent: OnEvent, work: () => Promise<T>): Promise<T> {
  onEvent({ type: 'stage', stage: name });
  const begun = performance.now();
  const result = await work();
  onEvent({ type: 'stage-done', stage: name, milliseconds: performance.now() - begun });
  return result;
}
