import { emulatorOf, GUEST_NAMES, type GuestName, type HostPlatform } from '@qemu-user-static/arch-table';
import type { Compression } from '@qemu-user-static/compression';
import type { Lock } from '@qemu-user-static/lock';
import type { Digest } from '@qemu-user-static/oci-image';
import type { PackageLayers, PlatformLayers } from '../build/assembling.ts';
import type { Built } from '../build/build.ts';
import type { BuiltTag } from '../build/tag-images.ts';
import type { CheckReport } from '../check/check.ts';
import type { SmokeReport } from '../check/smoke.ts';
import { type Edition, primaryVersion } from '../images/tag-stems.ts';

/** The summary of a release, as text and as JSON. Sizes are what a client downloads, in bytes. */
export interface Summary {
  readonly tags: readonly TagSummary[];
  readonly platforms: readonly PlatformSummary[];
  /** Missing parts, and the reasons. */
  readonly notes: readonly string[];
  readonly check: CheckReport;
  /** The results on a container engine; empty without an engine. */
  readonly smoke: readonly SmokeReport[];
}

export interface TagSummary {
  readonly tag: string;
  readonly channel: string;
  readonly contents: 'all' | 'common' | 'register' | GuestName;
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

export interface PlatformSummary extends PackageSummary {
  readonly channel: string;
  readonly platform: HostPlatform;
  /** The packages of other channels, with the guests that the own one lacks. */
  readonly others: readonly PackageSummary[];
}

export interface PackageSummary {
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
      platforms.map(({ platform, packages: [own, ...others] }) => ({
        channel,
        platform,
        ...summarizePackage(own),
        others: others.map(summarizePackage),
      })),
    ),
    notes: built.channels.flatMap(({ channel, platforms }) =>
      platforms.flatMap((layers) => notesOn(lock, channel, layers, platforms)),
    ),
    check,
    smoke,
  };
}

function summarizePackage({ version, locked, emulators }: PackageLayers): PackageSummary {
  return { version, debianVersion: locked.version, guests: emulators.map(({ guest }) => guest) };
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
        guests: guestsIn(plan, one).length,
        gzip: plan.manifests === 'zstd' ? null : downloadSize(plan, one, 'gzip'),
        zstd: plan.manifests === 'gzip' ? null : downloadSize(plan, one, 'zstd'),
      })),
  };
}

/** The guests of a tag's image. */
function guestsIn({ contents, edition }: BuiltTag['plan'], layers: PlatformLayers): readonly GuestName[] {
  switch (contents.kind) {
    case 'register':
      return [];
    case 'guest':
      return [contents.guest];
    case 'common':
      return guestsOf(layers, edition).filter((guest) => contents.guests.includes(guest));
    case 'all':
      return guestsOf(layers, edition);
  }
}

function guestsOf({ packages: [own, ...others] }: PlatformLayers, edition: Edition): GuestName[] {
  return [own, ...(edition === 'all' ? others : [])].flatMap(({ emulators }) =>
    emulators.map(({ guest }) => guest),
  );
}

/** Bytes of the layers that a client downloads; null where the image was not made in that compression. */
function downloadSize(
  { contents, edition }: BuiltTag['plan'],
  layers: PlatformLayers,
  compression: Compression,
): number | null {
  const parts = [layers.register];
  if (contents.kind === 'all' || contents.kind === 'common') {
    const set = layers.sets[contents.kind][edition];
    parts.push(set?.licenses ?? [], set?.joined ?? []);
  }
  if (contents.kind === 'guest')
    for (const { emulators, licenses } of layers.packages) {
      const found = emulators.find(({ guest }) => guest === contents.guest);
      if (found !== undefined) parts.push(licenses, [found.layer]);
    }
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
  const { platform, locked, packages } = layers;
  const [, ...others] = packages;
  const leftOut = packages.flatMap((one) => one.leftOut);
  const primary = primaryVersion(lock, channel);
  const has = (one: PlatformLayers, guest: GuestName) => guestsOf(one, 'all').includes(guest);
  const lacking = GUEST_NAMES.filter(
    (guest) => emulatorOf(guest) === guest && !has(layers, guest) && all.some((one) => has(one, guest)),
  );
  const notes: string[] = [];
  if (locked.version !== primary) {
    notes.push(
      `${platform} has QEMU ${locked.version}, the newest that Debian ${lock.channels[channel]?.release.codename} has for it: it is in ${channel} and ${locked.version}, not in ${primary}`,
    );
  }
  for (const { version, emulators, codename } of others)
    notes.push(
      `${platform} has guests that its own package lacks from QEMU ${version} of Debian ${codename}, in ${channel} and not in ${locked.version}: ${emulators.map(({ guest }) => guest).join(', ')}`,
    );
  if (lacking.length > 0)
    notes.push(
      `${platform} has ${guestsOf(layers, 'all').length} guests; Debian’s package for it lacks ${lacking.join(', ')}`,
    );
  if (leftOut.length > 0)
    notes.push(`${platform}: left out, for the table does not have them: ${leftOut.join(', ')}`);
  return notes;
}
