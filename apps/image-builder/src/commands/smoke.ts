import type { SmokeOptions } from '../cli/smoke.ts';
import { connectEngine } from '../engine/engine.ts';
import { formatSmoke, smoke } from '../engine/smoke.ts';
import type { Environment } from '../environment.ts';
import { stage } from '../pipeline.ts';
import type { Result } from './result.ts';

/** Proves an image of the layout on this machine's container engine. */
export async function smokeCommand(options: SmokeOptions, { onEvent }: Environment): Promise<Result> {
  const engine = await connectEngine();
  const report = await stage('smoke', onEvent, () =>
    smoke({ folder: options.layout }, options.image, engine),
  );
  return { text: formatSmoke(report), value: report };
}
