import { CodedError, type ErrorCatalogue } from '@qemu-user-static/errors';

/** The errors of image assembly and of the layout on disk. */
export const IMAGE_ERRORS = {
  TAR_UNREPRESENTABLE: {
    meaning:
      'A file cannot be written into a layer: its path, size or link target does not fit a ustar header.',
    remedy: 'Shorten the path in Dockerfile.template or its context.',
  },
  BLOB_DAMAGED: {
    meaning: 'A blob of the layout has another size or digest than its name says.',
    remedy: 'Run `npx nx run image-builder:build`: it writes damaged and missing blobs anew.',
  },
  BLOB_MISSING: {
    meaning: 'A blob that the layout refers to is not there.',
    remedy: 'Run `npx nx run image-builder:build`: it writes damaged and missing blobs anew.',
  },
  LAYOUT_INVALID: {
    meaning: 'The folder is no OCI image layout, or its index cannot be read.',
    remedy: 'Name a folder that `image-builder build` made, or build again.',
  },
  LAYOUT_BUSY: {
    meaning: 'Another process is writing the same layout.',
    remedy: 'Wait for it to end, or give this run a layout of its own with --output.',
  },
} as const satisfies ErrorCatalogue;

export class ImageError extends CodedError<keyof typeof IMAGE_ERRORS> {
  constructor(code: keyof typeof IMAGE_ERRORS, message: string, cause?: unknown) {
    super(IMAGE_ERRORS, code, message, cause);
  }
}
