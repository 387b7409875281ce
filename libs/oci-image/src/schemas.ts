import { printable } from '@qemu-user-static/errors';
import { z } from 'zod';
import { type Annotations, type Descriptor, MEDIA_TYPE } from './descriptor.ts';
import { type Digest, isDigest } from './digest.ts';

// The documents of a layout, as far as this project reads them; other fields are dropped. The documents
// of every layout are from outside.

const digest = z.custom<Digest>(isDigest, 'expected sha256: and 64 lower-case hexadecimal digits');
const annotations: z.ZodType<Annotations> = z.record(z.string(), z.string());

/** https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md */
const descriptor: z.ZodType<Descriptor> = z.object({
  mediaType: z.string(),
  digest,
  size: z.int().nonnegative(),
  annotations: annotations.exactOptional(),
  platform: z
    .object({ architecture: z.string(), os: z.string(), variant: z.string().exactOptional() })
    .exactOptional(),
});

/** https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md#oci-layout-file */
export const layoutMarkSchema = z.object({ imageLayoutVersion: z.literal('1.0.0') });

/** https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md */
export const indexSchema = z.object({
  schemaVersion: z.literal(2),
  mediaType: z.literal(MEDIA_TYPE.index).default(MEDIA_TYPE.index),
  manifests: z.array(descriptor),
});

/** https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md */
export const manifestSchema = z.object({
  schemaVersion: z.literal(2),
  mediaType: z.literal(MEDIA_TYPE.manifest).default(MEDIA_TYPE.manifest),
  config: descriptor,
  layers: z.array(descriptor),
  annotations: annotations.default({}),
});

/** A list that Docker writes as null where it is empty. */
const words = z.array(z.string()).nullish();

/** https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md */
export const configSchema = z.object({
  created: z.iso.datetime({ offset: true }).exactOptional(),
  architecture: z.string(),
  os: z.string(),
  variant: z.string().exactOptional(),
  config: z
    .object({
      Env: words,
      Entrypoint: words,
      Cmd: words,
      WorkingDir: z.string().exactOptional(),
      Labels: annotations.nullish(),
    })
    .default({}),
  rootfs: z.object({ type: z.literal('layers'), diff_ids: z.array(digest) }),
  history: z
    .array(z.object({ created: z.string().exactOptional(), created_by: z.string().exactOptional() }))
    .default([]),
});

export type ImageConfig = Readonly<z.infer<typeof configSchema>>;
export type ImageManifest = Readonly<z.infer<typeof manifestSchema>>;

/**
 * A document that is of the schema.
 * @param what names it in the error, such as `an image manifest`
 * @throws Error with the first thing that is wrong, fit for a terminal
 */
export function parseDocument<T>(schema: z.ZodType<T>, bytes: Uint8Array, what: string): T {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString());
  } catch (cause) {
    throw new Error(`it is not JSON`, { cause });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [first] = parsed.error.issues.map(({ path, message }) =>
    [`it is not ${what}`, path.map(String).join('.'), message].filter(Boolean).join(': '),
  );
  throw new Error(printable(first ?? ''));
}
