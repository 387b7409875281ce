import type { HostPlatform } from '@qemu-user-static/arch-table';
import {
  type EarlyPackage,
  formatLock,
  type Lock,
  type PackageChange,
  packageChanges,
  platformsOf,
  rebuilt,
} from '@qemu-user-static/lock';
import type { Finding } from './archive.ts';
import { type Lag, lagOf, newestCandidate, type Upstream, upstreamOf } from './upstream.ts';
import type { UpstreamTags } from './upstream-tags.ts';

/** A host platform of a channel, and the QEMU it has. */
export interface TrackedPlatform {
  readonly channel: string;
  readonly platform: HostPlatform;
  readonly version: string;
  /** How far it is behind upstream; null where it is not. */
  readonly lag: Lag | null;
}

/** The findings in the archive and at upstream. */
export interface TrackReport {
  /** Whether there is anything to report. */
  readonly isNews: boolean;
  readonly changes: readonly PackageChange[];
  readonly rebuilt: readonly { readonly version: string; readonly number: number }[];
  readonly platforms: readonly TrackedPlatform[];
  readonly upstream: {
    readonly release: string | null;
    /** Of a release that is still to come. */
    readonly candidate: string | null;
    /** Versions that were not there the last time. */
    readonly fresh: Upstream;
  };
  /** Newer QEMU that a channel's suite may get: what guest programs do under it is known at night. */
  readonly early: readonly EarlyPackage[];
  /** Packages of the old lock that the mirror has no more: only the snapshot service has them now. */
  readonly vanished: readonly string[];
  readonly findings: readonly Finding[];
}

export function reportOn(
  before: Lock,
  now: Lock,
  findings: readonly Finding[],
  { tags, fresh }: UpstreamTags,
  vanished: readonly string[],
  early: readonly EarlyPackage[],
): TrackReport {
  const upstream = upstreamOf(tags);
  const news = upstreamOf(fresh);
  return {
    isNews:
      formatLock(before) !== formatLock(now) ||
      findings.length + news.releases.length + news.candidates.length + early.length > 0,
    changes: packageChanges(before, now),
    rebuilt: rebuilt(before, now),
    platforms: Object.entries(now.channels).flatMap(([channel, locked]) =>
      platformsOf(locked).map(([platform, { version }]) => ({
        channel,
        platform,
        version,
        lag: lagOf(version, upstream),
      })),
    ),
    upstream: {
      release: upstream.releases[0] ?? null,
      candidate: newestCandidate(upstream),
      fresh: news,
    },
    early,
    vanished,
    findings,
  };
}
