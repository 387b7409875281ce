import type { Compression } from '@qemu-user-static/compression';
import { declaredLicenses } from '@qemu-user-static/debian-archive';
import { type Annotations, type Digest, LAYER_MEDIA_TYPE, readFiles } from '@qemu-user-static/oci-image';
import { documentIn, type ImageSet } from '../layouts/image-set.ts';
import type { ImageFacts } from './bill-of-materials.ts';

/** Where a package has its licences, by Debian Policy 12.5. */
const COPYRIGHT = /^usr\/share\/doc\/([^/]+)\/copyright$/;

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
    const { bytes, image, needs } = documentIn(set, digest);
    if (image === undefined) throw new RangeError(`${digest} is no image`);
    const { annotations } = JSON.parse(Buffer.from(bytes).toString()) as { annotations: Annotations };
    const [, ...layers] = needs;
    // The layer in the middle has the emulators, which need not be read; see Dockerfile.template.
    const withTexts = layers.filter((_, index) => index !== 1);
    const licenses = await Promise.all(
      withTexts.map((layer) => licensesIn(layer.digest, compressionOf(layer.mediaType))),
    );
    return { digest, ...image, annotations, licenses: new Map(licenses.flatMap((one) => [...one])) };
  };
}

async function readLicenses(set: ImageSet, digest: Digest, compression: Compression): Promise<Licenses> {
  const layout = set.layoutOf.get(digest);
  if (layout === undefined) throw new RangeError(`${digest} is no blob of the set`);
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
