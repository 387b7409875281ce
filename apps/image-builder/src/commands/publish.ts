import type { PublishOptions } from '../cli/publish.ts';
import { formatPlan } from '../publish/format-plan.ts';
import { applyPlan, makePlan, publishRefusal } from '../publish/publish.ts';
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
  const failure = publishRefusal(plan);
  if (options.push && failure === undefined)
    await applyPlan(plan, set, destinations, options.connections, onEvent);
  else onEvent({ type: 'note', text: 'nothing was sent; --push does what the plan says' });
  return { text: formatPlan(plan), value: plan, ...(failure && { failure }) };
}
