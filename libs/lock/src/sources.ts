import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { LockError } from './errors.ts';
import {
  channelName,
  checkGuestsFrom,
  commonGuests,
  guestsFrom,
  pathInPackage,
  platformName,
  problems,
} from './schema.ts';

const wanted = z.strictObject({ package: z.string().min(1), files: pathInPackage });

const channel = z.strictObject({
  suite: z.string().min(1),
  codename: z.string().min(1),
  /** Where packages are before they come into the suite; nothing of it is published. */
  early: z.strictObject({ suite: z.string().min(1), codename: z.string().min(1) }).optional(),
  emulators: wanted,
  shell: wanted,
  platforms: z.array(platformName).min(1),
  guestsFrom: guestsFrom.default({}),
});

const channels = z.record(channelName, channel).superRefine((all, context) => {
  const named = Object.entries(all).map(([name, { guestsFrom: from, emulators, platforms }]) => {
    const packages = platforms.map((platform) => [platform, emulators.package]);
    return [name, { guestsFrom: from, packages: Object.fromEntries(packages) }] as const;
  });
  checkGuestsFrom(Object.fromEntries(named), context);
});

const schema = z.strictObject({
  origin: z.literal('Debian'),
  mirror: z.url().optional(),
  common: commonGuests.default([]),
  channels,
});

/** The packages that we want from Debian: sources.json. */
export type Sources = z.infer<typeof schema>;
export type SourceChannel = z.infer<typeof channel>;

/** @throws LockError SOURCES_INVALID */
export async function readSources(path: string): Promise<Sources> {
  try {
    return parseSources(await readFile(path, 'utf8'));
  } catch (cause) {
    throw cause instanceof LockError
      ? cause
      : new LockError('SOURCES_INVALID', `${path} cannot be read`, cause);
  }
}

/** @throws LockError SOURCES_INVALID */
export function parseSources(text: string): Sources {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new LockError('SOURCES_INVALID', 'sources.json is not JSON', cause);
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new LockError('SOURCES_INVALID', `sources.json: ${problems(parsed.error)}`);
  return parsed.data;
}
