import type { Descriptor, Digest } from '@qemu-user-static/oci-image';
import { DEFAULT_CHANNEL } from '../images/tag-stems.ts';
import { blobsOf, documentIn, type ImageSet, isIndex, type SetTag } from '../layouts/image-set.ts';
import type { RepositoryState } from './state.ts';

/** The plan; plain data, as `--json` prints it. */
export interface PublishPlan {
  readonly schemaVersion: 1;
  readonly targets: readonly TargetPlan[];
}

/** The steps in one repository, in the order of its fields. */
export interface TargetPlan {
  readonly registry: string;
  readonly repository: string;
  readonly blobs: {
    /** To be taken over from another repository of the registry, without being sent. */
    readonly mount: readonly (Sized & { readonly from: string })[];
    readonly upload: readonly Sized[];
    /** How many are there already. */
    readonly there: number;
  };
  /** To be stored under their digests. */
  readonly manifests: readonly Sized[];
  readonly indexes: readonly Sized[];
  /** In the order in which they are written. */
  readonly tags: readonly PlannedTag[];
  /** To be sent: blobs, and documents under their digests and tags. */
  readonly bytes: number;
}

interface Sized {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
}

export interface PlannedTag {
  readonly tag: string;
  readonly digest: Digest;
  readonly immutable: boolean;
  /** `refuse`: it never moves, and is there with another digest. */
  readonly action: 'create' | 'move' | 'leave' | 'refuse';
  /** The digest that is there now. */
  readonly was: string | null;
  /** Tags are written one turn after the other, see `turnOf`. */
  readonly turn: number;
}

/** A repository that is to have the set, and what it has of it. */
export interface Target {
  readonly registry: string;
  readonly repository: string;
  readonly state: RepositoryState;
}

/** The missing parts of each target, and how it gets them. Targets of one registry are to be filled in their order. */
export function planPublish(set: ImageSet, targets: readonly Target[]): PublishPlan {
  return { schemaVersion: 1, targets: targets.map((target, at) => planTarget(set, target, targets, at)) };
}

function planTarget(set: ImageSet, target: Target, targets: readonly Target[], at: number): TargetPlan {
  const { registry, repository, state } = target;
  const missing = (descriptor: Sized) => !state.present.has(descriptor.digest);
  const blobs = [...blobsOf(set).values()];
  const lacking = blobs
    .filter(missing)
    .map((blob) => ({ ...sized(blob), from: holderOf(blob, targets, at) }));
  const upload = lacking.flatMap(({ from, ...blob }) => (from === null ? [blob] : []));
  const mount = lacking.flatMap(({ from, ...blob }) => (from === null ? [] : [{ ...blob, from }]));
  const documents = [...set.documents.values()].filter(({ descriptor }) => missing(descriptor));
  const manifests = documents
    .filter((document) => !isIndex(document))
    .map(({ descriptor }) => sized(descriptor));
  const indexes = documents.filter(isIndex).map(({ descriptor }) => sized(descriptor));
  const tags = plannedTags(set, state);
  const written = tags.filter(isWritten).map(({ digest }) => documentIn(set, digest).descriptor);
  return {
    registry,
    repository,
    blobs: { mount, upload: largestFirst(upload), there: blobs.length - lacking.length },
    manifests,
    indexes,
    tags,
    bytes: [...upload, ...manifests, ...indexes, ...written].reduce((sum, { size }) => sum + size, 0),
  };
}

/** Another repository of the registry that has the blob, or that is filled earlier. The target itself lacks it. */
function holderOf({ digest }: Sized, targets: readonly Target[], at: number): string | null {
  const { registry } = targets[at] as Target;
  const holder = targets.find(
    (other, index) => other.registry === registry && (index < at || other.state.present.has(digest)),
  );
  return holder?.repository ?? null;
}

function plannedTags(set: ImageSet, { tags }: RepositoryState): PlannedTag[] {
  return set.tags
    .map((one): PlannedTag => {
      const { tag, digest, immutable } = one;
      const was = tags.get(tag) ?? null;
      return { tag, digest, immutable, action: actionOf(one, was), was, turn: turnOf(one, set) };
    })
    .sort((a, b) => a.turn - b.turn || (a.tag < b.tag ? -1 : 1));
}

function actionOf({ digest, immutable }: SetTag, was: string | null): PlannedTag['action'] {
  if (was === null) return 'create';
  if (was === digest) return 'leave';
  return immutable ? 'refuse' : 'move';
}

/**
 * Tags that never move come first, `latest` comes last. Tags of a manifest and tags of indexes that list it are
 * not written at the same time: while docker-registry stores a manifest again, it cannot read it, and takes no
 * index that needs it.
 */
function turnOf({ tag, channel, immutable, digest }: SetTag, set: ImageSet): number {
  const afterManifests = isIndex(documentIn(set, digest)) ? 1 : 0;
  if (immutable) return afterManifests;
  if (tag === DEFAULT_CHANNEL) return 5;
  if (tag === channel) return 4;
  return 2 + afterManifests;
}

/** Whether a tag has to be written. */
export function isWritten({ action }: PlannedTag): boolean {
  return action === 'create' || action === 'move';
}

/** The large ones begin first, so that none is left to go alone at the end. */
function largestFirst(blobs: readonly Sized[]): Sized[] {
  return [...blobs].sort((a, b) => b.size - a.size);
}

function sized({ digest, size }: Descriptor): Sized {
  return { digest, size };
}
