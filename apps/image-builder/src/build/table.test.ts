import { createReadStream } from 'node:fs';
import { emulatorOf, GUEST_NAMES, type GuestName, registrationLine } from '@qemu-user-static/arch-table';
import { readDeb } from '@qemu-user-static/debian-archive';
import { readLock } from '@qemu-user-static/lock';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Environment, openEnvironment } from '../commands/environment.ts';
import { fetch } from './fetch.ts';

const environment: Environment = await openEnvironment(process.env, {}, () => undefined);
const lock = await readLock(environment.paths.lock);
const offline = process.env.OFFLINE !== undefined && process.env.OFFLINE !== '';

/** Guest → Debian's line for it, out of the locked package. */
async function debianLines(channel: string): Promise<Map<string, string>> {
  const archive = await environment.archive();
  const [fetched] = await fetch(lock, { channels: [channel], platforms: ['linux/amd64'] }, archive);
  const [found] = fetched?.platforms ?? [];
  const [own] = found?.packages ?? [];
  if (own === undefined) throw new Error(`the lock has no linux/amd64 in ${channel}`);
  const lines = new Map<string, string>();
  for await (const entry of readDeb(createReadStream(await own.deb()), own.locked)) {
    const [, guest] = /^usr\/share\/qemu\/binfmt\.d\/qemu-(.+)\.conf$/.exec(entry.path) ?? [];
    if (guest !== undefined)
      lines.set(
        guest,
        Buffer.from(await entry.read())
          .toString()
          .trim(),
      );
  }
  return lines;
}

describe.skipIf(offline).each(['latest', 'stable'])(
  'the table and Debian’s own binfmt.d lines in %s (network)',
  (channel) => {
    let lines: Map<string, string>;
    beforeAll(async () => {
      lines = await debianLines(channel);
    }, 600_000);

    test('agree byte for byte on magic and mask of every guest', () => {
      const ours = Array.from(lines, ([guest, line]) => {
        const [, , , , , , interpreter = '', flags = ''] = line.split(':');
        return registrationLine(guest as GuestName, interpreter, flags);
      });
      expect(ours).toEqual([...lines.values()]);
    });

    test('have the same guests, except i486, which Debian leaves out', () => {
      expect([...lines.keys()].sort()).toEqual(
        GUEST_NAMES.filter((name) => emulatorOf(name) === name).sort(),
      );
      expect(lines.size).toBe(33);
    });
  },
);
