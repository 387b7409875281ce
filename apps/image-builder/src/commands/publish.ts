import { randomBytes } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { PublishOptions } from '../cli/publish.ts';
import { formatPlan } from '../publish/format-plan.ts';
import type { PublishPlan } from '../publish/plan.ts';
import { applyPlan, makePlan, refusalOf } from '../publish/publish.ts';
import { destinationsOf } from './destinations.ts';
import type { Environment } from './environment.ts';
import { imagesIn } from './images.ts';
import type { Result } from './result.ts';

/** The plan, and with --push what it says. @throws BuilderError USAGE, and what the stages throw */
export async function publishCommand(options: PublishOptions, environment: Environment): Promise<Result> {
  const { onEvent } = environment;
  const destinations = destinationsOf(options, environment);
  const set = await imagesIn(options, environment);
  const plan = await makePlan(set, destinations, options.thorough ?? false, onEvent);
  if (options.save !== undefined) await save(resolve(options.save), plan);
  const failure = refusalOf(plan);
  if (options.push && failure === undefined)
    await applyPlan(plan, set, destinations, options.connections, onEvent);
  else onEvent({ type: 'note', text: 'nothing was sent; --push does what the plan says' });
  return { text: formatPlan(plan), value: plan, ...(failure && { failure }) };
}

async function save(path: string, plan: PublishPlan): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await writeFile(temporary, `${JSON.stringify(plan, null, 2)}\n`);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
