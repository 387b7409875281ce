import type { Gate, GateFailure } from '@qemu-user-static/image-builder/gate';
import { describeFailure } from '@qemu-user-static/image-builder/gate';
import type { EarlyPackage } from '@qemu-user-static/lock';
import { type Accepted, columnOf, exceptionFor, nowPassing } from './accepted.ts';
import { failuresOf, type Place, type Results } from './results.ts';
import { LINKINGS } from './targets.ts';

/**
 * What keeps a channel's tag from moving: cases that fail and that conformance.json does not have. One that fails seldom is not
 * among them, for the next run would find another set of these.
 */
export function regressions(results: Results, accepted: Accepted): Place[] {
  return failuresOf(results).filter(
    (place) => place.outcome !== 'unstable' && exceptionFor(accepted, place) === undefined,
  );
}

/** With each exception of a channel for the suite too from which its packages will come. */
export function likeTheirChannels(
  early: readonly Pick<EarlyPackage, 'channel' | 'suite' | 'platform'>[],
  accepted: Accepted,
): Accepted {
  const exceptions = accepted.exceptions.map((one) => {
    const more = early.flatMap(({ channel, suite, platform }) => {
      const kinds = one.fails[columnOf({ channel, platform })];
      return kinds === undefined ? [] : [[columnOf({ channel: suite, platform }), kinds] as const];
    });
    return { ...one, fails: { ...one.fails, ...Object.fromEntries(more) } };
  });
  return { ...accepted, exceptions };
}

/** Those of programs that an earlier run has: of others nothing is known that could have passed before. */
export function amongKnown(places: readonly Place[], before: Pick<Results, 'columns'>): Place[] {
  return places.filter((place) =>
    before.columns.some(
      ({ channel, platform, rows }) =>
        channel === place.channel &&
        platform === place.platform &&
        rows.some(({ target, kind }) => target === place.target && kind === place.kind),
    ),
  );
}

/**
 * What a release and the tracker are given: which emulators ran, what fails that passed before, what passes again.
 * @param before the saved results, without whose programs nothing can have passed; nothing to take every failure
 */
export function verdictOn(results: Results, accepted: Accepted, before?: Pick<Results, 'columns'>): Gate {
  const all = regressions(results, accepted);
  const failures = before === undefined ? all : amongKnown(all, before);
  const what = (name: string) => results.cases[name] ?? '';
  return {
    schemaVersion: 1,
    columns: results.columns.map(({ channel, platform, version, debian }) => ({
      ...{ channel, platform, version, debian },
    })),
    failures: failures.map((place): GateFailure => {
      const { channel, platform, version, guest, target, kind, case: name, outcome, detail } = place;
      const where = { channel, platform, version, guest, target, kind, case: name, what: what(name) };
      return { ...where, outcome, detail, command: commandFor(place) };
    }),
    fixed: nowPassing(accepted, results).flatMap(({ case: name, channel, platform, target, kind }) =>
      results.columns
        .filter((column) => column.channel === channel && column.platform === platform)
        .flatMap(({ version, rows }) =>
          rows
            .filter((row) => row.target === target && row.kind === kind)
            .map(({ guest }) => ({
              ...{ channel, platform, version, guest, target, kind, case: name, what: what(name) },
            })),
        ),
    ),
  };
}

/** The command that shows one result. */
export function commandFor({ channel, target, kind, case: name, platform, emulator }: Place): string {
  const where = platform === 'linux/amd64' ? [] : ['--platform', platform];
  const linking = LINKINGS.some((one) => one === kind) ? ['--linking', kind] : [];
  const other = emulator === undefined ? [] : ['--emulator', quoted(emulator)];
  const guest = kind === 'probe' ? [] : ['--guest', target];
  const words = ['--version', channel, ...where, ...guest, ...linking, ...other, '--case', name];
  return `npm run conformance -- ${words.join(' ')}`;
}

const acceptCommand = ({ channel, case: name }: GateFailure) =>
  `npm run conformance -- --version ${channel} --accept ${name} --because "QEMU: what is known of it"`;

/** As a shell reads it. */
function quoted(text: string): string {
  return /^[\w/.:+@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** What the gate found, for a person and for a release's log. */
export function formatGate({ columns, failures, fixed }: Gate): string {
  const versions = columns.map(({ channel, version }) => `${channel} (QEMU ${version})`).join(', ');
  const passing = fixed.map(
    ({ channel, target, kind, case: name }) =>
      `now passes: ${channel}, ${target} ${kind}, case ${name}; npm run conformance -- --save drops it from conformance.json`,
  );
  if (failures.length === 0)
    return [`conformance: ${versions}: nothing fails that is not in conformance.json`, ...passing].join('\n');
  const lines = failures.flatMap((one) => [
    describeFailure(one),
    `  show it:   ${one.command}`,
    `  report it: ${one.command.replace(/ --case .*/, '')} --report ${one.case}`,
    // A file of one's own is no version to accept.
    ...(one.command.includes(' --emulator ') ? [] : [`  accept it: ${acceptCommand(one)}`]),
  ]);
  return [
    `conformance: ${failures.length} cases fail that are not in conformance.json:`,
    ...lines,
    ...passing,
  ].join('\n');
}
