import type { Compression } from '@qemu-user-static/oci-image';
import type { Declaration } from './declaration.ts';
import { archive, compression, json, output, type SelectionOptions, selection } from './options.ts';

export interface BuildOptions extends SelectionOptions {
  readonly output: string;
  readonly compression: Compression[];
}

/** What every command has that makes a layout. */
export const making = () => [...selection(), compression(), output(), ...archive(), json()];

export const build: Declaration = {
  name: 'build',
  description: 'make the OCI layout from the lock',
  options: making(),
  async run(options: BuildOptions, environment) {
    const { buildCommand } = await import('../commands/release.ts');
    return buildCommand(options, environment);
  },
};
