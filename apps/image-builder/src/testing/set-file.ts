import type { ImageSet, SetDocument } from '../layouts/image-set.ts';

type WrittenDocument = Omit<SetDocument, 'bytes'> & { readonly base64: string };
interface Written {
  readonly tags: ImageSet['tags'];
  readonly documents: readonly WrittenDocument[];
  readonly layoutOf: readonly (readonly [string, { readonly folder: string }])[];
}

/** A set of images as text, for another process. */
export function formatSet({ tags, documents, layoutOf }: ImageSet): string {
  const written: Written = {
    tags,
    documents: Array.from(documents.values(), ({ bytes, ...document }) => ({
      ...document,
      base64: Buffer.from(bytes).toString('base64'),
    })),
    layoutOf: [...layoutOf],
  };
  return JSON.stringify(written);
}

export function parseSet(text: string): ImageSet {
  const { tags, documents, layoutOf } = JSON.parse(text) as Written;
  return {
    tags,
    documents: new Map(
      documents.map(({ base64, ...document }) => [
        document.descriptor.digest,
        { ...document, bytes: Buffer.from(base64, 'base64') },
      ]),
    ),
    layoutOf: new Map(layoutOf) as ImageSet['layoutOf'],
  };
}
