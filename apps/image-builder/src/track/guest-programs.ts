import type { HostPlatform } from '@qemu-user-static/arch-table';
import type { Lock, PackageChange } from '@qemu-user-static/lock';
import { failureItem, type Gate, placeInMarkdown } from '../images/gate.ts';

/** The host platform whose emulators run the checks. */
const TRIED: HostPlatform = 'linux/amd64';

/** Items that are listed of a kind; GitHub takes 65,536 characters. */
const LISTED = 40;

/**
 * The difference that new emulators make to guest programs, as items of a list: what passed before and fails now, and what passes
 * again. A channel that was not tried is said to be.
 */
export function guestPrograms(changes: readonly PackageChange[], now: Lock, gate: Gate): string[] {
  const changed = changes.filter(({ part, platform, now: locked }) => {
    return part === 'emulators' && platform === TRIED && locked !== null;
  });
  return changed.flatMap(({ channel, now: locked }) => {
    const version = now.channels[channel]?.platforms[TRIED]?.version ?? '';
    const ran = gate.columns.some(
      (one) => one.channel === channel && one.platform === TRIED && one.debian === locked?.version,
    );
    return ran ? difference(channel, version, gate) : [notRun(channel, version)];
  });
}

function difference(channel: string, version: string, gate: Gate): string[] {
  const of = <T extends { readonly channel: string }>(places: readonly T[]) =>
    places.filter((one) => one.channel === channel);
  const [failures, fixed] = [of(gate.failures), of(gate.fixed)];
  const head =
    failures.length === 0
      ? `- ${channel}: every case that passed before passes under QEMU ${version}`
      : `- **${channel}: ${failures.length} cases that passed before fail under QEMU ${version}; a release would not move \`${channel}\`**`;
  return [
    head,
    ...cut(failures.map(failureItem)),
    ...cut(fixed.map((one) => `- passes again: ${placeInMarkdown(one)}`)),
  ];
}

function cut(items: readonly string[]): string[] {
  const more = items.length > LISTED ? [`- and ${items.length - LISTED} more`] : [];
  return [...items.slice(0, LISTED), ...more].map((item) => `  ${item}`);
}

function notRun(channel: string, version: string): string {
  const command = `npm run conformance -- --gate --version ${channel} --linking static freestanding --case checks`;
  return `- **${channel}: the checks were not run under QEMU ${version}**; to run them on this branch, as root on Debian: \`${command}\``;
}
