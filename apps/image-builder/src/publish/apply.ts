import { closeSync, openSync, readSync } from 'node:fs';
import { printable } from '@qemu-user-static/errors';
import { blobPath, type Digest, findBadBlobs, ImageError } from '@qemu-user-static/oci-image';
import { RegistryError, type Repository } from '@qemu-user-static/oci-registry';
import pLimit, { type LimitFunction } from 'p-limit';
import { documentIn, type ImageSet } from '../layouts/image-set.ts';
import { BuilderError } from '../report/errors.ts';
import { listed } from '../report/problems.ts';
import { nameOf } from './destination.ts';
import { isWritten, type PlannedTag, type TargetPlan } from './plan.ts';
import { tagsTaken, takenTag } from './refusal.ts';

/**
 * Applies a plan to one repository. Each step begins when the one before it is complete: blobs, then manifests and
 * indexes under their digests, then tags, turn after turn. So everything below a tag that can be read exists, wherever
 * the run is stopped, and the next run finds what this one has sent.
 *
 * @param atOnce blobs in work at a time
 * @throws BuilderError TAG_IMMUTABLE, TAG_NOT_KEPT; ImageError BLOB_DAMAGED; RegistryError
 */
export async function applyTarget(
  plan: TargetPlan,
  set: ImageSet,
  repository: Repository,
  atOnce: number,
): Promise<void> {
  const limit = pLimit(atOnce);
  try {
    await applySteps(plan, set, repository, limit);
  } catch (error) {
    // Requests that have begun end by themselves; the others do not begin.
    limit.clearQueue();
    throw error;
  }
}

async function applySteps(
  plan: TargetPlan,
  set: ImageSet,
  repository: Repository,
  limit: LimitFunction,
): Promise<void> {
  const { mount, upload } = plan.blobs;
  await limit.map(mount, (blob) => mountBlob(blob, set, repository));
  await limit.map(upload, (blob) => sendBlob(blob, set, repository));
  await limit.map(plan.manifests, ({ digest }) => putDocument(digest, digest, set, repository));
  await limit.map(plan.indexes, ({ digest }) => putDocument(digest, digest, set, repository));
  const written = plan.tags.filter(isWritten);
  for (const [, turn] of Map.groupBy(written, ({ turn }) => turn)) {
    await limit.map(turn, (tag) => putTag(tag, plan, set, repository));
  }
  await readBack(written, plan, repository);
}

/** Bytes read at a time. Measured: 64 KiB cost a third more CPU, 1 MiB as well. */
const PIECE = 256 << 10;

/**
 * A file from an offset on, each piece in the same memory. Measured over a release: fresh memory for each piece cost
 * 3 s of CPU, in page faults and collections, and handing each read to another thread 1.3 s; sending took 3 s.
 */
async function* piecesOf(path: string, start: number): AsyncGenerator<Uint8Array> {
  const file = openSync(path, 'r');
  try {
    const piece = Buffer.allocUnsafeSlow(PIECE);
    for (let at = start; ; ) {
      const bytesRead = readSync(file, piece, 0, PIECE, at);
      if (bytesRead === 0) return;
      yield piece.subarray(0, bytesRead);
      at += bytesRead;
    }
  } finally {
    closeSync(file);
  }
}

type Blob = TargetPlan['blobs']['upload'][number];

async function mountBlob(
  blob: TargetPlan['blobs']['mount'][number],
  set: ImageSet,
  repository: Repository,
): Promise<void> {
  const result = await repository.mountBlob(blob.digest, blob.from);
  if (!result.mounted) await sendBlob(blob, set, repository, result.session);
}

async function sendBlob(
  { digest, size }: Blob,
  set: ImageSet,
  repository: Repository,
  session?: Parameters<Repository['uploadBlob']>[1],
): Promise<void> {
  const layout = set.layoutOf.get(digest);
  if (layout === undefined) throw new RangeError(`${digest} is not a blob of the set`);
  const open = (start: number) => piecesOf(blobPath(layout, digest), start);
  try {
    await repository.uploadBlob({ digest, size, open }, session);
  } catch (error) {
    // Whoever refuses a blob may be right: then the layout is damaged.
    const passes = error instanceof RegistryError && error.temporary;
    const [bad] = passes ? [] : await findBadBlobs(layout, [{ digest, size }]);
    if (bad === undefined) throw error;
    throw new ImageError('BLOB_DAMAGED', `${layout.folder}: blob ${digest}: ${bad.problem}`, error);
  }
}

async function putDocument(
  reference: string,
  digest: Digest,
  set: ImageSet,
  repository: Repository,
): Promise<void> {
  const { descriptor, bytes } = documentIn(set, digest);
  await repository.putManifest(reference, { mediaType: descriptor.mediaType, bytes });
}

/**
 * Writes a tag. One that never moves is asked for again just before, because another run may have written it since the
 * plan was made. The distribution API has no condition on a PUT, so a run that writes between these two requests is
 * not seen here; it is seen when the tags are read back.
 *
 * @throws BuilderError TAG_IMMUTABLE
 */
async function putTag(
  { tag, digest, immutable }: PlannedTag,
  plan: TargetPlan,
  set: ImageSet,
  repository: Repository,
): Promise<void> {
  if (immutable) {
    const found = await repository.headManifest(tag);
    if (found?.digest === digest) return;
    if (found !== undefined) throw tagsTaken([takenTag(plan, { tag, was: found.digest, digest })]);
  }
  await putDocument(tag, digest, set, repository);
}

/**
 * Asks for every tag that was written. It asks with HEAD, which Docker Hub does not count as a pull, and so takes the
 * registry's word for the digest; `verify-remote` computes it.
 *
 * @throws BuilderError TAG_NOT_KEPT
 */
async function readBack(
  written: readonly PlannedTag[],
  plan: TargetPlan,
  repository: Repository,
): Promise<void> {
  const found = await Promise.all(
    written.map(async ({ tag, digest }) => ({ tag, digest, served: await repository.headManifest(tag) })),
  );
  const lost = found.filter(({ digest, served }) => served?.digest !== digest);
  if (lost.length === 0) return;
  const problems = lost.map(
    ({ tag, digest, served }) => `${tag} is ${printable(served?.digest ?? 'missing')}, not ${digest}`,
  );
  throw new BuilderError('TAG_NOT_KEPT', `${nameOf(plan)}:${listed(problems)}`);
}
