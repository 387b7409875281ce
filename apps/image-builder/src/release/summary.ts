import { emulatorOf, GUEST_NAMES, type GuestName, type HostPlatform } from '@qemu-user-static/arch-table';
import type { Compression } from '@qemu-user-static/compression';
import type { Lock } from '@qemu-user-static/lock';
import type { Digest } from '@qemu-user-static/oci-image';
import type { PlatformLayers } from '../build/assemble-platform.ts';
import type { Built } from '../build/build.ts';
import type { BuiltTag } from '../build/tag-images.ts';
import type { CheckReport } from '../check/check.ts';
import type { SmokeReport } from '../check/smoke.ts';
import { primaryVersion } from '../images/tag-stems.ts';

/** What a release is, for people and as JSON. Sizes are what a client downloads, in bytes. */
export interface Summary {
  readonly tags: readonly TagSummary[];
  readonly platforms: readonly PlatformSummary[];
  /** What is not there, and why. */
  readonly notes: readonly string[];
  readonly check: CheckReport;
  /** What was tried on a container engine; empty where there is none. */
  readonly smoke: readonly SmokeReport[];
}

export interface TagSummary {
  readonly tag: string;
  readonly channel: string;
  readonly contents: 'all' | 'register' | GuestName;
  readonly digest: Digest;
  readonly immutable: boolean;
  readonly platforms: readonly {
    readonly platform: HostPlatform;
    readonly version: string;
    readonly guests: number;
    readonly gzip: number | null;
    readonly zstd: number | null;
  }[];
}

export interface PlatformSummary {
  readonly channel: string;
  readonly platform: HostPlatform;
  readonly version: string;
  readonly debianVersion: string;
  readonly guests: readonly GuestName[];
}

export function summarize(
  lock: Lock,
  built: Built,
  check: CheckReport,
  smoke: readonly SmokeReport[],
): Summary {
  return {
    tags: built.tags.map((tag) => summarizeTag(tag, built)),
    platforms: built.channels.flatMap(({ channel, platforms }) =>
      platforms.map(({ platform, locked, emulators }) => ({
        channel,
        platform,
        version: locked.version,
        debianVersion: locked.emulators.version,
        guests: emulators.map(({ guest }) => guest),
      })),
    ),
    notes: built.channels.flatMap(({ channel, platforms }) =>
      platforms.flatMap((layers) => notesOn(lock, channel, layers, platforms)),
    ),
    check,
    smoke,
  };
}

function summarizeTag({ plan, channel, descriptor }: BuiltTag, built: Built): TagSummary {
  const { contents } = plan;
  const layers = built.channels.find((one) => one.channel === channel)?.platforms ?? [];
  return {
    tag: plan.tag,
    channel,
    contents: contents.kind === 'guest' ? contents.guest : contents.kind,
    digest: descriptor.digest,
    immutable: plan.immutable,
    platforms: layers
      .filter(({ platform }) => plan.platforms.includes(platform))
      .map((one) => ({
        platform: one.platform,
        version: one.locked.version,
        guests: contents.kind === 'all' ? one.emulators.length : contents.kind === 'guest' ? 1 : 0,
        gzip: plan.manifests === 'zstd' ? null : downloadSize(plan, one, 'gzip'),
        zstd: plan.manifests === 'gzip' ? null : downloadSize(plan, one, 'zstd'),
      })),
  };
}

/** Bytes of the layers that a client downloads; null where the image was not made in that compression. */
function downloadSize(
  { contents }: BuiltTag['plan'],
  layers: PlatformLayers,
  compression: Compression,
): number | null {
  const alone =
    contents.kind === 'guest'
      ? layers.emulators.filter(({ guest }) => guest === contents.guest).map(({ layer }) => layer)
      : layers.joined;
  const parts = contents.kind === 'register' ? [layers.register] : [layers.register, layers.licenses, alone];
  const chosen = parts.map((part) => part.find((layer) => layer.compression === compression));
  return chosen.some((layer) => layer === undefined)
    ? null
    : chosen.reduce((sum, layer) => sum + (layer?.size ?? 0), 0);
}

/** Why a platform is not in a version's tags, and which guests it lacks that others have. */
function notesOn(
  lock: Lock,
  channel: string,
  layers: PlatformLayers,
  all: readonly PlatformLayers[],
): string[] {
  const { platform, locked, emulators, leftOut } = layers;
  const primary = primaryVersion(lock, channel);
  const has = (one: PlatformLayers, guest: GuestName) =>
    one.emulators.some((emulator) => emulator.guest === guest);
  const lacking = GUEST_NAMES.filter(
    (guest) => emulatorOf(guest) === guest && !has(layers, guest) && all.some((one) => has(one, guest)),
  );
  const notes: string[] = [];
  if (locked.version !== primary) {
    notes.push(
      `${platform} has QEMU ${locked.version}, the newest that Debian ${lock.channels[channel]?.release.codename} has for it: it is in ${channel} and ${locked.version}, not in ${primary}`,
    );
  }
  if (lacking.length > 0)
    notes.push(
      `${platform} has ${emulators.length} guests; Debian’s package for it lacks ${lacking.join(', ')}`,
    );
  if (leftOut.length > 0)
    notes.push(`${platform}: left out, for the table does not have them: ${leftOut.join(', ')}`);
  return notes;
}
