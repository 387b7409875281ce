import { HOST_PLATFORMS, type HostPlatform } from '@qemu-user-static/arch-table';
import type { Compression } from '@qemu-user-static/compression';
import { printable } from '@qemu-user-static/errors';
import { type Descriptor, type FoundImage, type FoundTag, MEDIA_TYPE } from '@qemu-user-static/oci-image';
import { listingOf } from '../images/listing.ts';
import { ociPlatform, platformName } from '../images/platforms.ts';

/** Problems of a tag: a version's lists that version alone, and each platform as clients look for it. */
export function tagProblems(found: FoundTag): string[] {
  const { tag, images } = found;
  const nothing = images.length === 0 ? [`tag ${tag}: lists no image`] : [];
  return [...nothing, ...versionProblems(found), ...listingProblems(found)].map(printable);
}

function versionProblems({ tag, images }: FoundTag): string[] {
  const version = /(?:^|-)(\d+(?:\.\d+)*(?:-rc\d+)?)(?:-\d+)?(?:-gzip|-zstd)?$/.exec(tag)?.[1];
  if (version === undefined) return [];
  return images
    .map(({ annotations }) => annotations['org.opencontainers.image.version'] ?? '')
    .filter((of) => of !== version && !of.startsWith(`${version}.`))
    .map((of) => `tag ${tag}: lists version ${of}`);
}

/** Images of one platform, by compression. */
type Images = { [compression in Compression]?: FoundImage };

function listingProblems({ tag, images, descriptor, entries }: FoundTag): string[] {
  const problems: string[] = [];
  const byPlatform = new Map<HostPlatform, Images>();
  for (const image of images) {
    const name = platformName(image.config);
    const platform = HOST_PLATFORMS.find((one) => one === name);
    const compression = compressionOf(image);
    if (platform === undefined || compression === null) {
      problems.push(`tag ${tag}: lists ${name} in ${compression ?? 'no single compression'}`);
      continue;
    }
    const known = byPlatform.get(platform) ?? {};
    if (known[compression]) problems.push(`tag ${tag}: lists ${name} in ${compression} twice`);
    byPlatform.set(platform, { ...known, [compression]: image });
  }
  if (problems.length > 0) return problems;
  const listed = entries.map(described);
  const expected = expectedEntries(byPlatform, descriptor).map(described);
  return listed.join() === expected.join()
    ? []
    : [`tag ${tag}: lists ${listed.join(', ')}; expected ${expected.join(', ')}`];
}

function expectedEntries(byPlatform: ReadonlyMap<HostPlatform, Images>, top: Descriptor): Descriptor[] {
  return HOST_PLATFORMS.flatMap((platform) => {
    const { gzip, zstd } = byPlatform.get(platform) ?? {};
    const [only] = [gzip, zstd].flatMap((image) => image?.manifest ?? []);
    if (top.mediaType !== MEDIA_TYPE.index && only !== undefined)
      return [{ ...only, platform: ociPlatform(platform) }];
    return listingOf(platform, {
      ...(gzip && { gzip: gzip.manifest }),
      ...(zstd && { zstd: zstd.manifest }),
    });
  });
}

/** The fields by which clients choose: `linux/amd64/v2 sha256:…, 481 bytes, zstd`. */
function described({ mediaType, digest, size, platform, annotations }: Descriptor): string {
  const named = platform === undefined ? 'no platform' : platformName(platform);
  const hint = Object.entries(annotations ?? {}).find(([name]) => name.endsWith('.zstd'));
  return `${named} ${digest} (${[mediaType, `${size} bytes`, hint?.join('=')].filter(Boolean).join(', ')})`;
}

/** That of all its layers; null where they differ. */
function compressionOf({ layers }: FoundImage): Compression | null {
  const [first, ...others] = new Set(layers.map(({ compression }) => compression));
  return first === undefined || others.length > 0 ? null : first;
}
