import { Option } from 'commander';
import type { Declaration } from '../commands/command.ts';
import { type ArchiveOptions, archive, json } from '../commands/options.ts';

export interface UpdateOptions extends ArchiveOptions {
  readonly check?: true;
  readonly acceptExpired?: true;
}

export const update: Declaration = {
  name: 'update',
  description: 'write sources.lock.json anew from sources.json and the signed archive',
  options: [
    new Option('--check', 'only report whether the lock is up to date; exit 1 if it is not'),
    new Option('--accept-expired', 'take a Release whose Valid-Until has passed; the lock records it'),
    ...archive(),
    json(),
  ],
  async run(options: UpdateOptions, environment) {
    const { updateCommand } = await import('../commands/update.ts');
    return updateCommand(options, environment);
  },
};
