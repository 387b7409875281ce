import { expect } from 'vitest';
import { standIns } from './emulators.ts';
import { type Call, MOUNT, type Namespace } from './namespace.ts';
import type { reported } from './reported.ts';
import type { Outcome } from './run.ts';
import type { Shell } from './shells.ts';

/** Folder of stand-ins for emulators, which calls find. */
export const bin = standIns();
export const MOUNT_IT = `mount -t binfmt_misc binfmt_misc ${MOUNT}`;

/** Calls of the register program in a shell, on an amd64 host, and what they must be refused with. */
export function callsIn(shell: Shell) {
  const call = (
    machine: Namespace,
    words: string,
    { env = {}, under = [] }: Pick<Call, 'env' | 'under'> = {},
  ) =>
    machine.register(words.split(' '), {
      shell,
      under,
      env: { HOST_ARCH: 'x86_64', QEMU_BIN_DIR: bin, ...env },
    });

  /** The call fails as `as` says, and leaves the table as it was. */
  async function refused(
    machine: Namespace,
    words: string,
    as: ReturnType<typeof reported>,
    how: Pick<Call, 'env' | 'under'> = {},
  ): Promise<Outcome> {
    const before = machine.entries();
    const outcome = await call(machine, words, how);
    expect(outcome).toEqual(as);
    expect(machine.entries()).toEqual(before);
    return outcome;
  }

  return { call, refused };
}
