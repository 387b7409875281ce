export { type Clock, type RetryPolicy, systemClock } from '@qemu-user-static/http';
export type { BlobName } from './blobs.ts';
export type { ConnectionSettings } from './connections.ts';
export { anonymous, type CredentialSource, type Credentials } from './credentials/credentials.ts';
export { type CredentialSettings, createCredentialSource } from './credentials/find.ts';
export type { Descriptor, Manifest } from './descriptor.ts';
export {
  CredentialsError,
  InvalidReferenceError,
  LocalContentError,
  REGISTRY_ERRORS,
  RegistryError,
  type RegistryErrorCode,
  type RegistryErrorDetail,
} from './errors.ts';
export type { OnEvent, RegistryEvent } from './events.ts';
export type { Capabilities } from './ping.ts';
export {
  formatReference,
  type ImageReference,
  parseReference,
  withDefaultTag,
} from './reference.ts';
export { referrersTag } from './referrers.ts';
export { openRegistry, type Registry, type RegistrySettings, type Repository } from './registry.ts';
export { Secret } from './secret.ts';
export type { BlobSource, MountResult, UploadSettings } from './upload.ts';
export type { UploadSession } from './upload-session.ts';
