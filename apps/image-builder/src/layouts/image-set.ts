import type { HostPlatform } from '@qemu-user-static/arch-table';
import { type Descriptor, type Digest, type Layout, MEDIA_TYPE } from '@qemu-user-static/oci-image';
import type { Part } from '../images/layer-plan.ts';
import type { TagPlan } from '../images/tags.ts';

/** Everything that is to be published, and where its bytes are. */
export interface ImageSet {
  readonly tags: readonly SetTag[];
  /** The manifests and indexes. */
  readonly documents: ReadonlyMap<Digest, SetDocument>;
  /** Of every config and layer, a layout that has it. */
  readonly layoutOf: ReadonlyMap<Digest, Layout>;
}

export interface SetTag extends TagPlan {
  readonly channel: string;
  readonly digest: Digest;
}

/** A manifest or an index, as it is sent. */
export interface SetDocument {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  /** Its needs: the manifests of an index, the config and layers of a manifest. */
  readonly needs: readonly Descriptor[];
  /** Of a manifest: what it is the image of. */
  readonly image?: SetImage;
}

export interface SetImage {
  readonly channel: string;
  readonly platform: HostPlatform;
  /** The layer of each part that it has, as the recipe copies them. */
  readonly layers: ReadonlyMap<Part, Descriptor>;
}

export function isIndex({ descriptor }: SetDocument): boolean {
  return descriptor.mediaType === MEDIA_TYPE.index;
}

export function documentIn(set: ImageSet, digest: Digest): SetDocument {
  const document = set.documents.get(digest);
  if (document === undefined) throw new RangeError(`${digest} is not a document of the set`);
  return document;
}

/** Every blob that the documents need, once. */
export function blobsOf(set: ImageSet): Map<Digest, Descriptor> {
  const manifests = [...set.documents.values()].filter((document) => !isIndex(document));
  return new Map(manifests.flatMap(({ needs }) => needs).map((blob) => [blob.digest, blob]));
}

/** The same set with fewer tags, and without what only the others need. */
export function withTags(set: ImageSet, chosen: (tag: string) => boolean): ImageSet {
  const tags = set.tags.filter(({ tag }) => chosen(tag));
  const documents = new Map<Digest, SetDocument>();
  const keep = (digest: Digest) => {
    const document = set.documents.get(digest);
    if (document === undefined || documents.has(digest)) return;
    documents.set(digest, document);
    for (const { digest: needed } of document.needs) keep(needed);
  };
  for (const { digest } of tags) keep(digest);
  return { ...set, tags, documents };
}
