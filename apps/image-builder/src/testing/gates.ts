import { writeFile } from 'node:fs/promises';
import { type Lock, lockedChannelOf, platformsOf } from '@qemu-user-static/lock';
import type { Gate, GateFailure } from '../images/gate.ts';

export const HUNG: GateFailure = {
  ...{ channel: 'latest', platform: 'linux/amd64', version: '11.1.3', guest: 'aarch64', target: 'arm64' },
  ...{
    kind: 'static',
    case: 'threads',
    what: 'eight threads',
    outcome: 'hang',
    detail: 'not ended after 90 s',
  },
  command: 'npm run conformance -- --version latest --guest arm64 --linking static --case threads',
};

/** A verdict on a channel of a lock, as a file. */
export async function gateFile(
  file: string,
  lock: Lock,
  failures: readonly GateFailure[],
  channel = 'latest',
): Promise<string> {
  const columns = platformsOf(lockedChannelOf(lock, channel))
    .slice(0, 1)
    .map(([platform, { version, emulators }]) => ({ channel, platform, version, debian: emulators.version }));
  const gate: Gate = { schemaVersion: 1, columns, failures: [...failures], fixed: [] };
  await writeFile(file, JSON.stringify(gate));
  return file;
}
