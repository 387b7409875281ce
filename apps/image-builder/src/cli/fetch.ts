import type { Declaration } from '../commands/command.ts';
import { archive, json, type SelectionOptions, selection } from '../commands/options.ts';

export const fetch: Declaration = {
  name: 'fetch',
  description: 'bring the packages of the lock into the cache',
  options: [...selection(), ...archive(), json()],
  async run(options: SelectionOptions, environment) {
    const { fetchCommand } = await import('../commands/release.ts');
    return fetchCommand(options, environment);
  },
};
