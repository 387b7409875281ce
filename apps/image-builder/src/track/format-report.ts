import { describeChanges, type EarlyPackage, type Lock } from '@qemu-user-static/lock';
import { table } from '../report/format.ts';
import type { TrackReport } from './report.ts';
import type { Lag } from './upstream.ts';

/** The report in words; empty where there is nothing new. */
export function formatReport(report: TrackReport, before: Lock, now: Lock): string {
  if (!report.isNews) return '';
  const { fresh } = report.upstream;
  return [
    ...listed('the lock would change:', describeChanges(before, now)),
    ...listed('new upstream:', [
      ...fresh.releases.map((version) => `QEMU ${version}`),
      ...fresh.candidates.map((version) => `QEMU ${version}, a release candidate`),
    ]),
    ...listed('on its way:', report.early.map(describeEarly)),
    ...listed('left the pool of the mirror:', report.vanished),
    ...listed(
      'needs a person:',
      report.findings.map(
        ({ channel, code, message, remedy }) => `${channel}: ${code}: ${message}. ${remedy}`,
      ),
    ),
    formatPlatforms(report),
  ].join('\n');
}

function listed(heading: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [heading, ...lines.map((line) => `  - ${line}`), ''];
}

/** Every platform, and how far it is behind. */
function formatPlatforms({ platforms, upstream }: TrackReport): string {
  const { release, candidate } = upstream;
  return [
    `QEMU ${release ?? '–'} is the newest release${candidate === null ? '' : `, ${candidate} the candidate of the next`}`,
    table([
      ['CHANNEL', 'PLATFORM', 'QEMU', 'BEHIND UPSTREAM'],
      ...platforms.map(({ channel, platform, version, lag }) => [channel, platform, version, formatLag(lag)]),
    ]),
  ].join('\n');
}

/** `3 releases (minor); 10.0.12 is the newest of its line`. */
export function formatLag(lag: Lag | null): string {
  if (lag === null) return 'no';
  const { releases, kind, line } = lag;
  const count = releases === 1 ? '1 release' : `${releases} releases`;
  return `${count} (${kind})${line === null ? '' : `; ${line} is the newest of its line`}`;
}

/** `experimental has QEMU 11.2.0-rc1 (1:11.2.0~rc1+ds-1) for latest; …`. */
export function describeEarly({ suite, channel, version, locked }: EarlyPackage): string {
  const command = `npm run conformance -- --suite ${suite}`;
  return `Debian’s ${suite} has QEMU ${version} (${locked.version}), which may come to ${channel}; what it runs: ${command}`;
}
