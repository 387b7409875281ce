import { connectEngine, EngineError } from '@qemu-user-static/container-engine';
import type { Layout } from '@qemu-user-static/oci-image';
import { BuilderError } from '../report/errors.ts';
import type { OnEvent } from '../report/events.ts';
import { type SmokeReport, smoke } from './smoke.ts';

/** Errors that say that nothing could be tried, not that something failed. */
const NOT_HERE: ReadonlySet<string> = new Set(['ENGINE_UNREACHABLE', 'SMOKE_IMPOSSIBLE']);

/**
 * Tries each channel's whole image on the container engine of this machine; without an engine, it reports that.
 * @throws BuilderError SMOKE_FAILED; with `requireSmoke` ENGINE_UNREACHABLE and SMOKE_IMPOSSIBLE too
 */
export async function smokeWhereItCan(
  layout: Layout,
  { channels, requireSmoke }: { readonly channels: readonly string[]; readonly requireSmoke: boolean },
  onEvent: OnEvent,
): Promise<SmokeReport[]> {
  const reports: SmokeReport[] = [];
  try {
    const engine = await connectEngine();
    for (const channel of channels) reports.push(await smoke(layout, channel, engine));
  } catch (error) {
    const isNotHere =
      (error instanceof BuilderError || error instanceof EngineError) && NOT_HERE.has(error.code);
    if (requireSmoke || !isNotHere) throw error;
    onEvent({ type: 'note', text: `smoke: not tried on a container engine: ${error.message}` });
  }
  return reports;
}
