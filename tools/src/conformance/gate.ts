import { type Accepted, exceptionFor } from './accepted.ts';
import { failuresOf, type Place, type Results } from './results.ts';

/**
 * What keeps a channel's tag from moving: cases that fail and that conformance.json does not have. One that fails seldom is not
 * among them, for the next run would find another set of these.
 */
export function regressions(results: Results, accepted: Accepted): Place[] {
  return failuresOf(results).filter(
    (place) => place.outcome !== 'unstable' && exceptionFor(accepted, place) === undefined,
  );
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

/** The command that shows one result. */
export function commandFor({ channel, target, kind, case: name, platform }: Place): string {
  const where = platform === 'linux/amd64' ? [] : ['--platform', platform];
  const linking = kind === 'static' || kind === 'dynamic' ? ['--linking', kind] : [];
  const words = ['--version', channel, ...where, '--guest', target, ...linking, '--case', name];
  return `npm run conformance -- ${words.join(' ')}`;
}

/** What the gate found, for a person and for a release's log. */
export function formatGate(found: readonly Place[], results: Results): string {
  const versions = results.columns.map(({ channel, version }) => `${channel} (QEMU ${version})`).join(', ');
  if (found.length === 0) return `conformance: ${versions}: nothing fails that is not in conformance.json`;
  const lines = found.flatMap((place) => [
    `${place.channel} (QEMU ${place.version}), guest ${place.guest}, ${place.target} ${place.kind}, case ${place.case}: ${place.outcome}: ${place.detail}`,
    `  show it:   ${commandFor(place)}`,
    `  accept it: npm run conformance -- --accept ${place.case} --because "QEMU: what is known of it"`,
  ]);
  return [`conformance: ${found.length} cases fail that are not in conformance.json:`, ...lines].join('\n');
}
