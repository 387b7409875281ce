import { CodedError, type ErrorCatalogue } from '@qemu-user-static/errors';

/** The errors of image assembly and of the layout on disk. */
export const IMAGE_ERRORS = {
  TAR_UNREPRESENTABLE: {
    meaning:
      'A file cannot be written into a layer: its path, size or link target does not fit a ustar header.',
    remedy:
      'Shorten the path in Dockerfile.template or its context, then run `npx --no image-builder build` again.',
  },
  BLOB_DAMAGED: {
    meaning: 'A blob of the layout is not a regular file, or has another size or digest than its name says.',
    remedy:
      'Build the layout again, which replaces damaged blobs: `npx --no image-builder build`. Copy a layout of another machine again.',
  },
  BLOB_MISSING: {
    meaning: 'The layout refers to a blob that it does not have.',
    remedy:
      'Build the layout again, which writes missing blobs: `npx --no image-builder build`. Copy a layout of another machine again.',
  },
  DOCUMENT_INVALID: {
    meaning: 'A manifest, a config or an index of the layout does not have the form that OCI prescribes.',
    remedy: 'Build the layout again: `npx --no image-builder build`. Only layouts of this project are taken.',
  },
  LAYOUT_INVALID: {
    meaning: 'The folder is not an OCI image layout, or its oci-layout or index.json cannot be read.',
    remedy: 'Name a folder that a build made, or build again: `npx --no image-builder build`.',
  },
  LAYOUT_BUSY: {
    meaning: 'Another process is writing the same layout.',
    remedy: 'Wait until it ends, or write another layout: `--output dist/other`.',
  },
} as const satisfies ErrorCatalogue;

export class ImageError extends CodedError<keyof typeof IMAGE_ERRORS> {
  constructor(code: keyof typeof IMAGE_ERRORS, message: string, cause?: unknown) {
    super(IMAGE_ERRORS, code, message, cause);
  }
}
