import { type HostPlatform, hostNamed } from '@qemu-user-static/arch-table';
import { InvalidArgumentError } from 'commander';

// Values of options that several programs of this folder have.

export function positive(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('a whole number above 0 is needed.');
  return Number(text);
}

/**
 * Host platforms by any name. Values come one at a time, and the first takes the place of the defaults, which are known by
 * being the very list: somebody may name what is in it.
 */
export function platformsInsteadOf(defaults: readonly HostPlatform[]) {
  return (text: string, before: readonly HostPlatform[]): readonly HostPlatform[] => {
    try {
      return [...(before === defaults ? [] : before), hostNamed(text)];
    } catch (error) {
      throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
    }
  };
}
