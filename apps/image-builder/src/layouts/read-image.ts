import { type HostPlatform, nearest } from '@qemu-user-static/arch-table';
import { type FoundImage, type Layout, REF_NAME, readIndex, walkLayout } from '@qemu-user-static/oci-image';
import { imageFor } from '../images/listing.ts';
import { platformName } from '../images/platforms.ts';
import { BuilderError } from '../report/errors.ts';

/**
 * The image of a tag for a platform; a tag that has one image needs no platform. Of two for the same platform
 * it is gzip's, which every client reads. No other tag is read.
 * @throws BuilderError IMAGE_UNKNOWN, PLATFORM_NOT_IN_LAYOUT, CHECK_FAILED
 */
export async function readImage(
  layout: Layout,
  tag: string,
  platform: HostPlatform | null,
): Promise<FoundImage> {
  const { tags, problems } = await walkLayout(layout, (one) => one === tag);
  if (problems.length > 0) throw new BuilderError('CHECK_FAILED', problems.join('\n'));
  const [found] = tags;
  if (found === undefined) throw await unknownTag(layout, tag);
  const [only, ...others] = found.images;
  if (only !== undefined && others.length === 0) return only;
  const image = platform === null ? undefined : imageFor(found.images, platform);
  if (image !== undefined) return image;
  const there = [...new Set(found.images.map(({ config }) => platformName(config)))].join(', ');
  throw new BuilderError(
    'PLATFORM_NOT_IN_LAYOUT',
    platform === null
      ? `this machine is not a known host platform; images: ${there}`
      : `"${tag}" has no ${platform}, but ${there}`,
  );
}

/** Names the tag that was probably meant, or else those that are not another image's in one compression. */
async function unknownTag(layout: Layout, tag: string): Promise<BuilderError> {
  const { manifests } = await readIndex(layout);
  const tags = manifests.flatMap(({ annotations }) => annotations?.[REF_NAME] ?? []);
  const meant = nearest(tag, tags);
  const hint =
    meant === null
      ? `images: ${tags.filter((one) => !one.includes('-')).join(', ')}`
      : `did you mean "${meant}"?`;
  return new BuilderError('IMAGE_UNKNOWN', `${layout.folder} has no tag "${tag}"; ${hint}`);
}
