import {
  comparisonOf,
  type Lock,
  type LockedChannel,
  notesOf,
  type PackageChange,
} from '@qemu-user-static/lock';
import type { Gate } from '../images/gate.ts';
import { megabytes } from '../report/format.ts';
import { describeEarly, formatLag } from './format-report.ts';
import { guestPrograms } from './guest-programs.ts';
import type { Proof } from './prove.ts';
import type { TrackReport } from './report.ts';

/** `sources.lock.json: latest QEMU 11.1.3, stable QEMU 10.0.11`. */
export function pullRequestTitle({ changes, rebuilt }: TrackReport, now: Lock): string {
  const channels = [...new Set(changes.map(({ channel }) => channel))];
  const named = channels.map((channel) => {
    const versions = changes
      .filter((change) => change.channel === channel && change.part === 'emulators')
      .flatMap(({ platform }) => now.channels[channel]?.platforms[platform]?.version ?? []);
    return versions.length === 0 ? channel : `${channel} QEMU ${[...new Set(versions)].join(', ')}`;
  });
  const others = rebuilt.length > 0 ? ['images rebuilt'] : ['updated'];
  return `sources.lock.json: ${(named.length > 0 ? named : others).join(', ')}`;
}

/** The facts for a maintainer's decision. The same inputs give the same text. */
export function pullRequestBody(
  report: TrackReport,
  before: Lock,
  now: Lock,
  proofs: readonly Proof[],
  gate: Gate,
  marker: string,
): string {
  return `${[
    marker,
    ...section('Packages', packageTable(report.changes, before, now)),
    ...section(
      'Image tags',
      report.rebuilt.map(({ version, number }) => `- \`${version}-${number}\``),
    ),
    ...section('Checks', [...releasesOf(report, now), ...proofs.flatMap(formatProof)]),
    ...section('Guest programs', guestPrograms(report.changes, now, gate)),
    ...section('Upstream', upstreamLines(report, before, now)),
    ...section(
      'Left the pool of the mirror',
      report.vanished.map((path) => `- \`${path}\``),
    ),
    ...section(
      'Needs a person',
      report.findings.map(({ channel, code, message }) => `- ${channel}: \`${code}\`: ${message}`),
    ),
  ].join('\n')}\n`;
}

function section(heading: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', `### ${heading}`, '', ...lines];
}

function packageTable(changes: readonly PackageChange[], before: Lock, now: Lock): string[] {
  const rows = changes.map((change) => {
    const { channel, platform, part } = change;
    const versionIn = (lock: Lock) => lock.channels[channel]?.platforms[platform]?.version;
    const cells = [
      channel,
      platform,
      part === 'emulators' ? arrow(versionIn(before), versionIn(now)) : '',
      packageCell(change),
      sizeChange(change),
      part === 'emulators' ? guestChange(change, before, now) : '',
    ];
    return `| ${cells.join(' | ')} |`;
  });
  if (rows.length === 0) return [];
  return ['| channel | platform | QEMU | package | size | guests |', '|---|---|---|---|---|---|', ...rows];
}

function packageCell({ before, now }: PackageChange): string {
  const isOther = before?.version === now?.version && before?.package === now?.package;
  return `${arrow(nameOf(before), nameOf(now))}${isOther ? ', **other contents under the same version**' : ''}`;
}

function nameOf(locked: PackageChange['now']): string | undefined {
  return locked === null ? undefined : `${locked.package} ${locked.version}`;
}

function arrow(before: string | undefined, now: string | undefined): string {
  if (before === now) return now ?? '–';
  return `${before ?? 'none'} → ${now === undefined ? '**gone**' : now}`;
}

function sizeChange({ before, now }: PackageChange): string {
  if (before === null || now === null) return megabytes((now ?? before)?.size ?? 0);
  const difference = now.size - before.size;
  const sign = difference < 0 ? '−' : '+';
  return `${megabytes(before.size)} → ${megabytes(now.size)} (${sign}${megabytes(Math.abs(difference))})`;
}

/** A platform's own package in both locks. */
function guestChange({ channel, platform, before }: PackageChange, then: Lock, today: Lock): string {
  const guestsIn = (lock: Lock) => lock.channels[channel]?.platforms[platform]?.guests ?? [];
  const [old, next] = [guestsIn(then), guestsIn(today)];
  if (before === null) return `${next.length}`;
  const list = (sign: string, from: readonly string[], without: readonly string[]) =>
    from.filter((guest) => !without.includes(guest)).map((guest) => `${sign}${guest}`);
  return [`${old.length} → ${next.length}`, ...list('+', next, old), ...list('−', old, next)].join(' ');
}

function releasesOf({ changes }: TrackReport, now: Lock): string[] {
  const channels = [...new Set(changes.map(({ channel }) => channel))];
  return channels.flatMap((channel) => {
    const release: LockedChannel['release'] | undefined = now.channels[channel]?.release;
    if (release === undefined) return [];
    const expired = release.expired ? `; **its Valid-Until, ${release.validUntil}, had passed**` : '';
    return [
      `- ${channel}: Release of ${release.codename} of ${release.date}, signed by \`${release.signedBy}\`${expired}`,
    ];
  });
}

function formatProof({ channel, check, failure }: Proof): string[] {
  if (check === null) return [`- **${channel}: the images cannot be made: ${failure}**`];
  const ran =
    check.ran === null
      ? 'no emulator run: none is for the machine that checked'
      : `${check.ran.emulators} emulators run on ${check.ran.platform}`;
  return [
    `- ${channel}: ${check.tags} tags, ${check.images} images, ${check.layers} layers built and read back, ${megabytes(check.bytes)}; ${ran}`,
  ];
}

function upstreamLines(
  { changes, platforms, upstream, early }: TrackReport,
  before: Lock,
  now: Lock,
): string[] {
  const moves = changes
    .filter(({ part }) => part === 'emulators')
    .map(({ channel, platform }) => ({
      old: before.channels[channel]?.platforms[platform]?.version,
      next: now.channels[channel]?.platforms[platform]?.version,
    }))
    .filter(({ old, next }) => next !== undefined && old !== next);
  const links = moves.flatMap(({ old, next = '' }) => [
    `- notes of QEMU ${next}: ${notesOf(next)}`,
    ...(old === undefined ? [] : [`- every change: ${comparisonOf(old, next)}`]),
  ]);
  const behind = platforms.filter(({ lag }) => lag !== null);
  const newest = [
    upstream.release === null ? [] : [`- newest release: ${upstream.release}`],
    upstream.candidate === null ? [] : [`- candidate of the next: ${upstream.candidate}`],
    early.map((one) => `- ${describeEarly(one)}`),
  ].flat();
  return [
    ...new Set(links),
    ...newest,
    ...behind.map(
      ({ channel, platform, version, lag }) =>
        `- ${channel} ${platform} has ${version}, behind by ${formatLag(lag)}`,
    ),
  ];
}
