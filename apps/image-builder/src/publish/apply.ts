import { closeSync, openSync, readSync } from 'node:fs';
import { blobPath, type Digest, findBadBlobs, ImageError } from '@qemu-user-static/oci-image';
import { RegistryError, type Repository } from '@qemu-user-static/oci-registry';
import pLimit, { type LimitFunction } from 'p-limit';
import { documentIn, type ImageSet } from '../layouts/image-set.ts';
import { BuilderError } from '../report/errors.ts';
import { listed } from '../report/problems.ts';
import { isWritten, type PlannedTag, type TargetPlan } from './plan.ts';

/**
 * Does what a plan says in one repository. Each step begins when the one before is through: blobs, manifests,
 * indexes under their digests, then tags, turn after turn. So a tag that can be read leads to nothing that is
 * not there, wherever this is stopped; and what was sent until then, the next run finds there.
 *
 * @param atOnce blobs in work at a time
 * @throws BuilderError TAG_NOT_KEPT; ImageError BLOB_DAMAGED; RegistryError
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
    // What has begun ends by itself; what has not shall not begin.
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
    await limit.map(turn, ({ tag, digest }) => putDocument(tag, digest, set, repository));
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
  if (layout === undefined) throw new RangeError(`${digest} is no blob of the set`);
  const open = (start: number) => piecesOf(blobPath(layout, digest), start);
  try {
    await repository.uploadBlob({ digest, size, open }, session);
  } catch (error) {
    // A registry that refuses a blob may be right: then the layout is what has to be mended.
    const refused = error instanceof RegistryError && error.status !== undefined && !error.temporary;
    const [bad] = refused ? await findBadBlobs(layout, [{ digest, size }]) : [];
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

/** Every tag that was written is asked for, and its digest computed here. @throws BuilderError TAG_NOT_KEPT */
async function readBack(
  written: readonly PlannedTag[],
  plan: TargetPlan,
  repository: Repository,
): Promise<void> {
  const found = await Promise.all(
    written.map(async ({ tag, digest }) => ({ tag, digest, served: await servedAs(tag, repository) })),
  );
  const lost = found.filter(({ digest, served }) => served !== digest);
  if (lost.length > 0) {
    const problems = lost.map(({ tag, digest, served }) => `${tag} is ${served}, not ${digest}`);
    throw new BuilderError('TAG_NOT_KEPT', `${plan.registry}/${plan.repository}:${listed(problems)}`);
  }
}

async function servedAs(tag: string, repository: Repository): Promise<string> {
  try {
    return (await repository.getManifest(tag)).digest;
  } catch (error) {
    if (error instanceof RegistryError && error.code === 'REGISTRY_NOT_FOUND') return 'not there';
    throw error;
  }
}
