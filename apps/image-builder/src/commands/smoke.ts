import { connectEngine } from '@qemu-user-static/container-engine';
import { formatSmoke, smoke } from '../check/smoke.ts';
import type { SmokeOptions } from '../cli/smoke.ts';
import { stage } from '../release/pipeline.ts';
import type { Environment } from './environment.ts';
import type { Result } from './result.ts';

/** Proves an image of the layout on this machine's container engine. */
export async function smokeCommand(options: SmokeOptions, { onEvent }: Environment): Promise<Result> {
  const engine = await connectEngine();
  const report = await stage('smoke', onEvent, () =>
    smoke({ folder: options.layout }, options.image, engine),
  );
  return { text: formatSmoke(report), value: report };
}
