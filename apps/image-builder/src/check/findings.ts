import { hash } from 'node:crypto';
import { resolve } from 'node:path';
import { memoKey, recall, remember } from '@qemu-user-static/files';
import type { Digest, Layout, ReadLayer } from '@qemu-user-static/oci-image';
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

/** They are kept in the user's own folder: a layout that came from elsewhere could bring findings of its own. */
export async function recallFindings(layout: Layout, { memory }: Proof): Promise<Findings> {
  return (await recall<Findings>({ folder: memory }, nameFor(layout), memoKey(CHECK_VERSION))) ?? NO_FINDINGS;
}

export async function rememberFindings(layout: Layout, { memory }: Proof, findings: Findings): Promise<void> {
  await remember({ folder: memory }, nameFor(layout), memoKey(CHECK_VERSION), findings);
}

function nameFor({ folder }: Layout): string {
  return `check-${hash('sha256', resolve(folder)).slice(0, 16)}`;
}
