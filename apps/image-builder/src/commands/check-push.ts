import { nameOf } from '../publish/destination.ts';
import { pushRefused, pushRights } from '../publish/push-rights.ts';
import { command as define } from './command.ts';
import { destinationsOf } from './destinations.ts';
import { registries, repositories } from './options.ts';

const options = [...repositories(), ...registries()] as const;

const examples = [
  ['check-push --repository ghcr.io/owner/qemu-user-static', 'exit 1 if this login may not push there'],
] as const;

/** Tries the right to push before hours of building. Each registry begins an upload, which is cancelled. */
export const command = define(options, examples, async (given, environment) => {
  const rights = await pushRights(destinationsOf(given, environment));
  const failure = pushRefused(rights);
  const allowed = rights.filter(({ refusal }) => refusal === null);
  return {
    text: allowed.map((right) => `${nameOf(right)}: this login may push`).join('\n'),
    value: {
      repositories: rights.map(({ registry, repository, refusal }) => ({
        registry,
        repository,
        refusal: refusal === null ? null : { code: refusal.code, message: refusal.message },
      })),
    },
    ...(failure && { failure }),
  };
});
