import { readFile } from 'node:fs/promises';
import { printable } from '@qemu-user-static/errors';
import { type Lock, lockedChannelOf, platformsOf } from '@qemu-user-static/lock';
import { z } from 'zod';
import { BuilderError } from '../report/errors.ts';
import type { TagPlan } from './tags.ts';

const column = z.strictObject({
  channel: z.string(),
  platform: z.string(),
  /** QEMU's. */
  version: z.string(),
  /** Of Debian's package. */
  debian: z.string(),
});

const place = z.strictObject({
  ...column.omit({ debian: true }).shape,
  guest: z.string(),
  /** Debian's name of the architecture of the program. */
  target: z.string(),
  /** How the program has its C library; or whose program it is. */
  kind: z.string(),
  case: z.string(),
  /** What the case does, in a few words. */
  what: z.string(),
});

const failure = z.strictObject({
  ...place.shape,
  outcome: z.string(),
  detail: z.string(),
  /** The command that shows it. */
  command: z.string(),
});

const schema = z.strictObject({
  schemaVersion: z.literal(1),
  /** The emulators that ran. */
  columns: z.array(column),
  /** What passed before, and fails now. */
  failures: z.array(failure),
  /** What is accepted as failing, and passes now. */
  fixed: z.array(place),
});

/** What `npm run conformance -- --gate` found, as it writes it to dist/conformance/gate.json. */
export type Gate = z.infer<typeof schema>;
export type GateFailure = z.infer<typeof failure>;
export type GatePlace = z.infer<typeof place>;

/** The verdicts of several files as one. @throws BuilderError GATE_UNREADABLE */
export async function readGates(files: readonly string[]): Promise<Gate> {
  const gates = await Promise.all(files.map(readGate));
  return {
    schemaVersion: 1,
    columns: gates.flatMap(({ columns }) => columns),
    failures: gates.flatMap(({ failures }) => failures),
    fixed: gates.flatMap(({ fixed }) => fixed),
  };
}

async function readGate(file: string): Promise<Gate> {
  try {
    return schema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (cause) {
    const why = cause instanceof z.ZodError ? new Error(z.prettifyError(cause)) : cause;
    throw new BuilderError('GATE_UNREADABLE', file, why);
  }
}

/**
 * Every channel must have run under the very packages that it is published with.
 * @throws BuilderError GATE_INCOMPLETE
 */
export function assertJudged({ columns }: Gate, lock: Lock, channels: Iterable<string>): void {
  const open = [...new Set(channels)].filter((channel) => {
    const locked = new Map<string, string>(
      platformsOf(lockedChannelOf(lock, channel)).map(([platform, { emulators }]) => [
        platform,
        emulators.version,
      ]),
    );
    const own = columns.filter((one) => one.channel === channel);
    return own.length === 0 || own.some(({ platform, debian }) => locked.get(platform) !== debian);
  });
  if (open.length > 0)
    throw new BuilderError(
      'GATE_INCOMPLETE',
      `no run of the checks of guest programs under the locked packages of ${open.join(', ')}`,
    );
}

/** Whether a case of a channel fails that passed before. */
export function isStopped({ failures }: Gate, channel: string): boolean {
  return failures.some((one) => one.channel === channel);
}

/** Whether a tag stays where it is: one that moves from version to version, of a channel that is stopped. */
export function isHeld(gate: Gate, { channel, exact }: TagPlan & { readonly channel: string }): boolean {
  return !exact && isStopped(gate, channel);
}

/** `latest (QEMU 11.1.3), guest aarch64, arm64 static, case threads: hang: not ended after 90 s`. */
export function describeFailure(one: GateFailure): string {
  const { channel, version, guest, target, kind, case: name, outcome, detail } = one;
  const where = `${channel} (QEMU ${version}), guest ${guest}, ${target} ${kind}, case ${name}`;
  return printable(`${where}: ${outcome}: ${detail}`);
}

/** The same as an item of a list in Markdown, with the command that shows it. */
export function failureItem(one: GateFailure): string {
  const how = one.detail === '' ? one.outcome : `${one.outcome}: ${code(one.detail)}`;
  return `- ${placeInMarkdown(one)}: ${how}; to show it: ${code(one.command)}`;
}

/** Guest, case and program. */
export function placeInMarkdown({ guest, target, kind, case: name, what }: GatePlace): string {
  return `guest ${code(guest)}, case ${code(name)} (${printable(what)}), program ${code(`${target} ${kind}`)}`;
}

/** What a program printed, as Markdown shows it and reads nothing from it. */
const code = (text: string) => `\`${printable(text).replaceAll('`', "'")}\``;
