import type { z } from 'zod';
import { type Layout, openBlob } from './blob-file.ts';
import type { Descriptor } from './descriptor.ts';
import { digestOf } from './digest.ts';
import { ImageError } from './errors.ts';
import { parseDocument } from './schemas.ts';

/** Bytes that a document may have: registries take no more (distribution specification, 4 MiB). */
export const MAX_DOCUMENT = 4 << 20;

/**
 * A document of the layout, hashed and then read by its schema.
 * @param what names it in an error, such as `an image manifest`
 * @throws ImageError BLOB_MISSING, BLOB_DAMAGED, DOCUMENT_INVALID
 */
export async function readDocument<T>(
  layout: Layout,
  { digest, size }: Descriptor,
  schema: z.ZodType<T>,
  what: string,
): Promise<T> {
  const name = `${layout.folder}: document ${digest}`;
  if (size > MAX_DOCUMENT)
    throw new ImageError('DOCUMENT_INVALID', `${name} has ${size} bytes, which is too large`);
  const file = await openBlob(layout, digest, size);
  const bytes = await file.readFile().finally(() => file.close());
  if (digestOf(bytes) !== digest) throw new ImageError('BLOB_DAMAGED', `${name} has another digest`);
  try {
    return parseDocument(schema, bytes, what);
  } catch (cause) {
    throw new ImageError('DOCUMENT_INVALID', `${name}: ${(cause as Error).message}`, cause);
  }
}
