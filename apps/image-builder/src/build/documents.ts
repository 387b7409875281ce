import {
  type Annotations,
  assembleIndex,
  type Descriptor,
  type Digest,
  type Document,
  type Image,
  type Layout,
  putDocument,
} from '@qemu-user-static/oci-image';

/** Writes documents, and keeps account of every blob that is in use. */
export interface DocumentWriter {
  image(image: Image): Promise<Descriptor>;
  index(manifests: readonly Descriptor[], annotations: Annotations): Promise<Descriptor>;
  readonly used: ReadonlySet<Digest>;
}

export function documentWriter(layout: Layout): DocumentWriter {
  const used = new Set<Digest>();
  const put = async (document: Document) => {
    await putDocument(layout, document);
    used.add(document.descriptor.digest);
    return document.descriptor;
  };
  return {
    async image({ config, manifest, layers }) {
      for (const { digest } of layers) used.add(digest);
      await put(config);
      return put(manifest);
    },
    index: (manifests, annotations) => put(assembleIndex(manifests, annotations)),
    used,
  };
}
