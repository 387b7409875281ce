import { type Accepted, exceptionFor } from './accepted.ts';
import { find, table, targetsOf } from './page-tables.ts';
import { type ColumnResults, failuresOf, isUsual, type Place, type Results } from './results.ts';

/** A line for each reason, with the cases that fail for it in the same places. */
export function failing(results: Results, accepted: Accepted): string {
  const lines = new Map<string, { names: string[]; rest: [string, string] }>();
  for (const { name, places, reason } of reasons(failuresOf(results).filter(isUsual), accepted)) {
    const rest: [string, string] = [where(places, results.columns), reason];
    const names = lines.get(rest.join('\n'))?.names ?? [];
    lines.set(rest.join('\n'), { names: [...names, name], rest });
  }
  const rows = [...lines.values()].map(({ names, rest }) => [
    names.map((name) => `\`${name}\``).join(', '),
    names.map((name) => results.cases[name] ?? '').join('; '),
    ...rest,
  ]);
  return `## What fails, and why

${rows.length === 0 ? 'Nothing.' : table(['case', 'what it does', 'where it fails', 'why'], rows)}
`;
}

interface Reason {
  readonly name: string;
  readonly reason: string;
  readonly places: readonly Place[];
}

function reasons(places: readonly Place[], accepted: Accepted): Reason[] {
  const groups = new Map<string, Place[]>();
  for (const place of places) {
    const because = exceptionFor(accepted, place);
    const known =
      because && `${because.fault}: ${because.because}${because.bug ? ` (<${because.bug}>)` : ''}`;
    const key = JSON.stringify([place.case, known ?? unknown(place)]);
    groups.set(key, [...(groups.get(key) ?? []), place]);
  }
  const found = [...groups].map(([key, group]): Reason => {
    const [name, reason] = JSON.parse(key) as [string, string];
    return { name, places: group, reason: reason.replaceAll('|', '\\|') };
  });
  return found.sort((a, b) => a.name.localeCompare(b.name));
}

const unknown = ({ outcome }: Place) => (outcome === 'unstable' ? 'not known; it seldom fails' : 'not known');

/** `10.0.13: alpha, sh4 (static)`; versions that fail alike are one. */
function where(places: readonly Place[], columns: readonly ColumnResults[]): string {
  const byText = new Map<string, string[]>();
  for (const column of columns) {
    const own = places.filter(
      ({ channel, platform }) => channel === column.channel && platform === column.platform,
    );
    if (own.length === 0) continue;
    const text = guestsOf(own, column);
    byText.set(text, [...(byText.get(text) ?? []), column.version]);
  }
  return [...byText].map(([text, names]) => `${names.join(', ')}: ${text}`).join('; ');
}

function guestsOf(own: readonly Place[], column: ColumnResults): string {
  const targets = [...new Set(own.map(({ target }) => target))];
  const kinds = new Set(own.map(({ kind }) => kind));
  const all = targetsOf([column], ['static', 'dynamic'])
    .filter(({ others }) => others.start === undefined)
    .map(({ target }) => target);
  const spared = all.filter((target) => !targets.includes(target));
  const many = kinds.has('static') && all.length > 4 && spared.length * 4 <= all.length;
  if (many && spared.length === 0) return 'every guest';
  if (many) return `every guest but ${spared.join(', ')}`;
  return targets.map((target) => withKind(target, own, column)).join(', ');
}

/** Without a word for the only kind that was run. */
function withKind(target: string, places: readonly Place[], column: ColumnResults): string {
  const ran = (['static', 'dynamic'] as const).filter((kind) => find(column, target, kind));
  const kinds = places.filter((one) => one.target === target).map(({ kind }) => kind);
  const [kind] = ran.filter((one) => kinds.includes(one));
  return kinds.length === 1 && kind !== undefined && ran.length > 1 ? `${target} (${kind})` : target;
}

/** Cases that fail on another host and not on the usual one, of the same guest and channel. */
export function failingElsewhere(results: Results, accepted: Accepted): string {
  const all = failuresOf(results);
  const usual = all.filter(isUsual);
  const only = all.filter(
    (one) =>
      !isUsual(one) &&
      !usual.some(
        (other) => other.case === one.case && other.target === one.target && other.kind === one.kind,
      ),
  );
  const rows = reasons(only, accepted).map(({ name, places, reason }) => [
    `\`${name}\``,
    [...new Set(places.map(({ target, version, platform }) => `${target} (${version} on ${platform})`))].join(
      ', ',
    ),
    reason,
  ]);
  return rows.length === 0
    ? 'Nothing fails there that passes on linux/amd64 under every version.\n'
    : `What fails there, and under no version on linux/amd64:\n\n${table(['case', 'where', 'why'], rows)}\n`;
}
