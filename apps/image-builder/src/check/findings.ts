import { join } from 'node:path';
import { memoKey, recall, remember } from '@qemu-user-static/files';
import { type Digest, type FoundImage, hexOf, type ReadLayer } from '@qemu-user-static/oci-image';
import type { Proof } from './proof.ts';

/** What earlier checks found of blobs; as a blob's every byte is hashed each time, it holds for the same digest. */
export interface Findings {
  readonly layers: Readonly<Record<Digest, ReadLayer>>;
  /** Manifests whose emulators have run, and how many. */
  readonly ran: Readonly<Record<Digest, number>>;
}

/** Raise it when a check looks at more than before. */
const CHECK_VERSION = 2;
export const NO_FINDINGS: Findings = { layers: {}, ran: {} };

/**
 * What is known of images' layers and runs. It is kept in the user's own folder: a layout that came from elsewhere could
 * bring findings of its own. It is kept by digest, so a layout elsewhere with the same blobs need not be read again.
 */
export async function recallFindings(images: readonly FoundImage[], { memory }: Proof): Promise<Findings> {
  const of = async <T>(kind: Kind, digests: Iterable<Digest>) => {
    const found = await Promise.all(
      Array.from(new Set(digests), async (digest) => {
        const value = await recall<T>(placeOf(memory), nameOf(kind, digest), memoKey(CHECK_VERSION));
        return value === null ? [] : [[digest, value] as const];
      }),
    );
    return Object.fromEntries(found.flat()) as Record<Digest, T>;
  };
  const layers = images.flatMap((image) => image.layers.map(({ digest }) => digest));
  const manifests = images.map(({ manifest }) => manifest.digest);
  return { layers: await of('layer', layers), ran: await of('ran', manifests) };
}

/** @param known what need not be written again */
export async function rememberFindings(
  findings: Findings,
  known: Findings,
  { memory }: Proof,
): Promise<void> {
  const write = (
    kind: Kind,
    values: Readonly<Record<Digest, unknown>>,
    old: Readonly<Record<Digest, unknown>>,
  ) =>
    Object.entries(values)
      .filter(([digest, value]) => old[digest as Digest] !== value)
      .map(([digest, value]) =>
        remember(placeOf(memory), nameOf(kind, digest as Digest), memoKey(CHECK_VERSION), value),
      );
  await Promise.all([
    ...write('layer', findings.layers, known.layers),
    ...write('ran', findings.ran, known.ran),
  ]);
}

type Kind = 'layer' | 'ran';

function placeOf(memory: string) {
  return { folder: join(memory, 'checked') };
}

function nameOf(kind: Kind, digest: Digest): string {
  return `${kind}-${hexOf(digest)}`;
}
