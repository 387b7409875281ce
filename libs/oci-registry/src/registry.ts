import {
  type Clock,
  defaultRetryPolicy,
  Retries,
  type RetryPolicy,
  systemClock,
} from '@qemu-user-static/http';
import { createAuthorizer } from './authorization.ts';
import { type BlobName, getBlob, headBlob } from './blobs.ts';
import { type ConnectionSettings, createConnections } from './connections.ts';
import { anonymous, type CredentialSource } from './credentials/credentials.ts';
import type { Descriptor, Manifest } from './descriptor.ts';
import { RegistryError } from './errors.ts';
import type { OnEvent } from './events.ts';
import { createHttp } from './http.ts';
import { getManifest, headManifest, MAX_MANIFEST, type ManifestHead } from './manifests.ts';
import { checkRegistry, checkRepository } from './reference.ts';
import { Referrers } from './referrers.ts';
import { createScrubber } from './secret.ts';
import { listTags } from './tags.ts';
import { createTransport } from './transport.ts';
import { type MountResult, type UploadSettings, Uploads } from './upload.ts';
import type { UploadSession } from './upload-session.ts';
import type { BlobSource } from './upload-source.ts';

export interface RegistrySettings extends ConnectionSettings, UploadSettings {
  /** Where credentials come from; without it, nowhere. See `createCredentialSource`. */
  readonly credentials?: CredentialSource;
  /**
   * `true` allows this registry to be spoken to without TLS, wherever it is; `false` forbids it. Left out, a
   * registry on this machine is spoken to as it speaks, and any other with TLS.
   */
  readonly plainHttp?: boolean;
  readonly retry?: Partial<RetryPolicy>;
  readonly clock?: Clock;
  readonly onEvent?: OnEvent;
  /** Stops everything that is under way; each call rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  readonly userAgent?: string;
}

/** One registry. Connections, tokens and what was learnt of it are shared by all its repositories. */
export interface Registry {
  readonly name: string;
  repository(path: string): Repository;
  /** Drops the connections. */
  close(): Promise<void>;
}

/**
 * One repository of a registry. Every function throws `RegistryError`, and `InvalidReferenceError` for
 * what is not a tag or digest; those that throw more list it.
 */
export interface Repository {
  /** The manifest of a tag or digest, by HEAD; `undefined` for an unknown name. Nothing is cached. */
  headManifest(reference: string): Promise<ManifestHead | undefined>;
  /** With its bytes, whose digest has been verified; at most `limit` of them (4 MiB). */
  getManifest(reference: string, limit?: number): Promise<Manifest>;
  /** Stores under a tag or its digest; keeps the list of referrers of its subject where the registry does not. */
  putManifest(reference: string, manifest: Pick<Manifest, 'mediaType' | 'bytes'>): Promise<Descriptor>;
  /** The blob's size, where the registry reports it; `undefined` when the repository does not have the blob. */
  headBlob(digest: string): Promise<{ size: number | undefined } | undefined>;
  /** Bytes that are proven to be the blob's only when the iteration ends without an error. */
  getBlob(blob: BlobName): AsyncGenerator<Uint8Array>;
  /** Takes a blob over from another repository of this registry, without sending it. */
  mountBlob(digest: string, from: string): Promise<MountResult>;
  /** Sends a blob, in the session that a missed mount left if there is one. */
  uploadBlob(source: BlobSource, session?: UploadSession): Promise<void>;
  /** Whether these credentials may push: begins an upload and cancels it, so nothing is stored. */
  tryPush(): Promise<void>;
  /** All tags, without names that break their grammar; none when the repository does not exist. */
  listTags(): Promise<string[]>;
  /** Descriptors of the manifests whose subject is this digest, of one `artifactType` if given. */
  referrers(digest: string, artifactType?: string): Promise<readonly Descriptor[]>;
}

/**
 * A client for one registry, named as in references: `docker.io`, `ghcr.io`, `localhost:5000`. Nothing is sent
 * before the first call.
 *
 * @throws InvalidReferenceError REFERENCE_INVALID for a name that is not a host.
 */
export function openRegistry(name: string, settings: RegistrySettings = {}): Registry {
  checkRegistry(name);
  const { clock = systemClock, onEvent = () => undefined, signal, credentials = anonymous } = settings;
  const scrubber = createScrubber();
  const connections = createConnections(settings);
  const transport = createTransport(name, connections, onEvent, scrubber, {
    userAgent: settings.userAgent ?? 'qemu-user-static',
    readAnswerMs: settings.timeouts?.answer ?? 60_000,
    graceMs: settings.timeouts?.total ?? 120_000,
    ...(settings.plainHttp !== undefined && { plainHttp: settings.plainHttp }),
    ...(signal && { signal }),
  });
  const authorizer = createAuthorizer(name, transport, credentials, scrubber, clock);
  const retries = new Retries({
    policy: { ...defaultRetryPolicy, ...settings.retry },
    clock,
    signal,
    judge: (error) => (error instanceof RegistryError && error.temporary ? error : undefined),
    onRetry: (error, attempt, delayMs) => {
      const { method, address, message: reason, retryAfterMs } = error as RegistryError;
      const asked = retryAfterMs === undefined ? {} : { retryAfterMs };
      onEvent({ type: 'retry', method, address, reason, attempt, delayMs, ...asked });
    },
  });
  const http = createHttp(transport, authorizer, retries, scrubber, clock, onEvent);
  const uploads = new Uploads(http, settings);
  const referrers = new Referrers(http, clock, signal);

  return {
    name,
    close: () => connections.close(),
    repository: (path) => {
      checkRepository(path);
      return {
        headManifest: (reference) => headManifest(http, path, reference),
        getManifest: (reference, limit = MAX_MANIFEST) => getManifest(http, path, reference, limit),
        putManifest: (reference, manifest) => referrers.put(path, reference, manifest),
        headBlob: (digest) => headBlob(http, path, digest),
        getBlob: (blob) => getBlob(http, path, blob),
        mountBlob: (digest, from) => uploads.mount(path, digest, from),
        uploadBlob: (source, session) => uploads.upload(path, source, session),
        tryPush: () => uploads.tryPush(path),
        listTags: () => listTags(http, path, onEvent),
        referrers: (digest, artifactType) => referrers.list(path, digest, artifactType),
      };
    },
  };
}
