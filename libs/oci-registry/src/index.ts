export { type Clock, type RetryPolicy, systemClock } from '@qemu-user-static/http';
export type { BlobName } from './blobs.ts';
export type { ConnectionSettings, Timeouts } from './connections.ts';
export type { HelperLimits } from './credentials/credential-helper.ts';
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
export type { ManifestHead } from './manifests.ts';
export { type ImageReference, parseReference } from './reference.ts';
export { openRegistry, type Registry, type RegistrySettings, type Repository } from './registry.ts';
export { Secret } from './secret.ts';
export { referrersTag } from './tagged-referrers.ts';
export type { MountResult, UploadSettings } from './upload.ts';
export type { UploadSession } from './upload-session.ts';
export type { BlobSource } from './upload-source.ts';
