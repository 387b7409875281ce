import { expect } from 'vitest';
import { REGISTER_ERRORS } from '../index.ts';
import { standIns } from './emulators.ts';
import { type Call, MOUNT, type Namespace } from './namespace.ts';
import type { Outcome } from './run.ts';
import type { Shell } from './shells.ts';

type Code = keyof typeof REGISTER_ERRORS;

/** Folder of stand-ins for emulators, which calls find. */
export const bin = standIns();
export const MOUNT_IT = `mount -t binfmt_misc binfmt_misc ${MOUNT}`;

/** What a fault must look like: its code, the thing it names, the remedy of the catalogue, exit code 1, an empty stdout. */
export function reported(
  code: Code,
  message: string | RegExp,
  remedy: string = REGISTER_ERRORS[code].remedy,
) {
  const text = typeof message === 'string' ? RegExp.escape(message) : message.source;
  return {
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(new RegExp(`^${code}: ${text}; remedy: ${RegExp.escape(remedy)}$`, 'm')),
  };
}

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
