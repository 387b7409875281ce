export { type BlobCache, openBlobCache } from './blob-cache.ts';
export { blobPath, type Layout, openBlob } from './blob-file.ts';
export { type BlobStamp, stampsOf } from './blob-stamps.ts';
export {
  type Annotations,
  compressionOf,
  type Descriptor,
  type Document,
  documentOf,
  LAYER_MEDIA_TYPE,
  MEDIA_TYPE,
  type Platform,
} from './descriptor.ts';
export { type Digest, digestOf, hexOf, isDigest, type RunningDigest, runningDigest } from './digest.ts';
export { IMAGE_ERRORS, ImageError } from './errors.ts';
export { assembleImage, assembleIndex, type Image, type Layer, type RunConfig, timestamp } from './image.ts';
export { ARCHIVE_FORMATS, type ArchiveFormat, type ImageName, imageArchive } from './image-archive.ts';
export { type LayerReader, openLayerReader } from './layer-reader.ts';
export {
  type BlobWriter,
  blobSize,
  createBlob,
  createLayout,
  LAYOUT_CONTENTS,
  type LayoutIndex,
  putDocument,
  REF_NAME,
  readIndex,
  removeOtherBlobs,
  writeIndex,
} from './layout.ts';
export { asOnlyWriter } from './only-writer.ts';
export { type LayerBlob, type ReadEntry, type ReadLayer, readFiles, readLayer } from './read-layer.ts';
export type { ImageConfig } from './schemas.ts';
export { END_OF_ARCHIVE, type TarEntry, tarEntry, tarEntryLength, tarHeader } from './tar-entry.ts';
export {
  type BadBlob,
  type BlobIdentity,
  type BlobInventory,
  findBadBlobs,
  removeBadBlobs,
} from './verify-blobs.ts';
export {
  type FoundImage,
  type FoundLayer,
  type FoundLayout,
  type FoundTag,
  walkLayout,
} from './walk-layout.ts';
