import { Option } from '@commander-js/extra-typings';
import { formatPlan, formatReferences } from '../publish/format-plan.ts';
import { applyPlan, makePlan } from '../publish/publish.ts';
import { pushRefused, pushRights } from '../publish/push-rights.ts';
import { publishRefusal } from '../publish/refusal.ts';
import { command as define } from './command.ts';
import { destinationsOf, nothingSent } from './destinations.ts';
import { imagesIn, letThrough } from './images.ts';
import { archive, gates, images, registries, repositories } from './options.ts';

const options = [
  ...repositories(),
  ...images(),
  ...gates(),
  new Option('--push', 'apply the plan; without it nothing is changed'),
  new Option('--thorough', 'check every blob, even if a manifest that lists it exists'),
  ...registries(),
  ...archive(),
] as const;

const examples = [
  ['publish --repository ghcr.io/owner/qemu-user-static', 'print the plan'],
  ['publish --repository ghcr.io/owner/qemu-user-static --push', 'upload'],
  ['publish --repository localhost:5000/test --tag latest --push', 'one tag, to a registry on this machine'],
] as const;

/** The plan, and with --push what it says. @throws BuilderError USAGE, and what the stages throw */
export const command = define(options, examples, async (given, environment) => {
  const { onEvent } = environment;
  const destinations = destinationsOf(given, environment);
  const whole = await imagesIn(given, environment);
  const set = await letThrough(whole, given.gate, environment);
  const held = whole.tags.filter((tag) => !set.tags.includes(tag)).map(({ tag }) => tag);
  const plan = await makePlan(set, destinations, given.thorough ?? false, onEvent);
  const failure = publishRefusal(plan);
  if (!given.push || failure !== undefined) {
    const refused = pushRefused(await pushRights(destinations));
    if (refused !== undefined) onEvent({ type: 'note', text: `${refused.code}: ${refused.message}` });
    onEvent({ type: 'note', text: nothingSent(given) });
    return { text: formatPlan(plan), value: { ...plan, held }, ...(failure && { failure }) };
  }
  await applyPlan(plan, set, destinations, given.connections, onEvent);
  const parts = [formatPlan(plan), formatReferences(plan, set)].filter((part) => part !== '');
  return { text: parts.join('\n\n'), value: { ...plan, held } };
});
