import { createHash, randomUUID } from 'node:crypto';

export interface StoredManifest {
  readonly mediaType: string;
  readonly bytes: Buffer;
}

/** The data of a registry, in memory. Keys are `repository` or `repository@digest` or `repository:tag`. */
export interface Store {
  /** `repository@digest` → bytes */
  readonly blobs: Map<string, Buffer>;
  /** `repository@digest` → manifest */
  readonly manifests: Map<string, StoredManifest>;
  /** `repository:tag` → digest */
  readonly tags: Map<string, string>;
  /** session → what has arrived */
  readonly uploads: Map<string, { readonly repository: string; chunks: Buffer[] }>;
}

export function createStore(): Store {
  return { blobs: new Map(), manifests: new Map(), tags: new Map(), uploads: new Map() };
}

export function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

export function beginUpload(store: Store, repository: string): string {
  const id = randomUUID();
  store.uploads.set(id, { repository, chunks: [] });
  return id;
}

export function findManifest(store: Store, repository: string, reference: string) {
  const digest = reference.includes(':') ? reference : store.tags.get(`${repository}:${reference}`);
  const manifest = digest === undefined ? undefined : store.manifests.get(`${repository}@${digest}`);
  return digest !== undefined && manifest ? { digest, ...manifest } : undefined;
}

export function tagsOf(store: Store, repository: string): string[] {
  const prefix = `${repository}:`;
  return [...store.tags.keys()]
    .filter((key) => key.startsWith(prefix))
    .map((key) => key.slice(prefix.length))
    .sort();
}

/** The manifests of a repository with this subject, as the referrers API lists them. */
export function referrersOf(store: Store, repository: string, subject: string, artifactType: string | null) {
  return [...store.manifests]
    .filter(([key]) => key.startsWith(`${repository}@`))
    .map(([key, { mediaType, bytes }]) => ({
      digest: key.slice(repository.length + 1),
      mediaType,
      bytes,
      ...JSON.parse(bytes.toString()),
    }))
    .filter((manifest) => manifest.subject?.digest === subject)
    .map(({ digest, mediaType, bytes, artifactType: kind, config, annotations }) => ({
      mediaType,
      digest,
      size: bytes.byteLength,
      artifactType: kind ?? config?.mediaType,
      annotations,
    }))
    .filter((entry) => artifactType === null || entry.artifactType === artifactType);
}
