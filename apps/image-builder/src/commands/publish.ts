import { randomBytes } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseReference } from '@qemu-user-static/oci-registry';
import type { PublishOptions } from '../cli/publish.ts';
import type { Environment } from '../environment.ts';
import { BuilderError } from '../errors.ts';
import { formatPlan, nameOf } from '../publish/format-plan.ts';
import type { PublishPlan } from '../publish/plan.ts';
import { applyPlan, type Destination, makePlan, refusalOf } from '../publish/publish.ts';
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

function destinationsOf(options: PublishOptions, environment: Environment): Destination[] {
  const named = options.to.map(repositoryNamed);
  const once = new Map(named.map((name) => [nameOf(name), name]));
  return Array.from(Map.groupBy(once.values(), ({ registry }) => registry)).flatMap(([registry, names]) => {
    const opened = environment.registry(registry, options);
    return names.map(({ repository }) => ({ registry, repository, client: opened.repository(repository) }));
  });
}

function repositoryNamed(name: string): { registry: string; repository: string } {
  const { registry, repository, tag, digest } = parseReference(name);
  if (tag !== undefined || digest !== undefined)
    throw new BuilderError('USAGE', `--to takes a repository, without a tag: ${name}`);
  return { registry, repository };
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
