import type { Compression } from '@qemu-user-static/compression';
import { declaredLicenses } from '@qemu-user-static/debian-archive';
import { type Annotations, type Digest, LAYER_MEDIA_TYPE, readFiles } from '@qemu-user-static/oci-image';
import type { Part } from '../images/layer-plan.ts';
import { documentIn, type ImageSet } from '../layouts/image-set.ts';
import type { ImageFacts } from './bill-of-materials.ts';

/** Where a package has its licences, by Debian Policy 12.5. */
const COPYRIGHT = /^usr\/share\/doc\/([^/]+)\/copyright$/;

/** The parts of an image that have licence texts: the emulators, most of its bytes, need not be read. */
const WITH_TEXTS: readonly Part[] = ['register', 'licenses'];

type Licenses = ReadonlyMap<string, readonly string[]>;

/** Reads what documents about images say beyond their manifests; a layer that many images have is read once. */
export function imageFacts(set: ImageSet): (digest: Digest) => Promise<ImageFacts> {
  const read = new Map<Digest, Promise<Licenses>>();
  const licensesIn = (digest: Digest, compression: Compression) => {
    const found = read.get(digest) ?? readLicenses(set, digest, compression);
    read.set(digest, found);
    return found;
  };
  return async (digest) => {
    const { bytes, image } = documentIn(set, digest);
    if (image === undefined) throw new RangeError(`${digest} is not an image`);
    const { annotations } = JSON.parse(Buffer.from(bytes).toString()) as { annotations: Annotations };
    const { channel, platform, layers } = image;
    const licenses = await Promise.all(
      WITH_TEXTS.flatMap((part) => {
        const layer = layers.get(part);
        return layer === undefined ? [] : [licensesIn(layer.digest, compressionOf(layer.mediaType))];
      }),
    );
    return { digest, channel, platform, annotations, licenses: new Map(licenses.flatMap((one) => [...one])) };
  };
}

async function readLicenses(set: ImageSet, digest: Digest, compression: Compression): Promise<Licenses> {
  const layout = set.layoutOf.get(digest);
  if (layout === undefined) throw new RangeError(`${digest} is not a blob of the set`);
  const licenses = new Map<string, readonly string[]>();
  for await (const { path, content } of readFiles({ layout, digest, compression }, (one) =>
    COPYRIGHT.test(one),
  )) {
    const [, name = ''] = COPYRIGHT.exec(path) ?? [];
    licenses.set(name, declaredLicenses(Buffer.from(content).toString()));
  }
  return licenses;
}

function compressionOf(mediaType: string): Compression {
  return mediaType === LAYER_MEDIA_TYPE.zstd ? 'zstd' : 'gzip';
}
