import type { GuestName } from '@qemu-user-static/arch-table';
import { giveBack } from '@qemu-user-static/compression';
import { createBlob, END_OF_ARCHIVE, type Layer, runningDigest, tarEntry } from '@qemu-user-static/oci-image';
import type { LayerPlan } from '../images/layer-plan.ts';
import type { LayerOutput } from './small-layer.ts';

/** One emulator, and the layer that holds it alone. */
export interface EmulatorLayer {
  readonly guest: GuestName;
  /** Of the program, in bytes. */
  readonly size: number;
  readonly layer: Layer;
  /** Where in the layer's blob the gzip member of the emulator's tar entry lies, in bytes. */
  readonly member: { readonly offset: number; readonly length: number };
}

/** What the layer of one emulator is made of. */
export interface EmulatorProgram {
  readonly plan: LayerPlan;
  readonly guest: GuestName;
  readonly program: Uint8Array;
  /** Seconds since 1970. */
  readonly mtime: number;
}

/** Writes the layer of one emulator: folders, the emulator, the end; each a gzip member of its own. */
export async function writeEmulatorLayer(
  { plan, guest, program, mtime }: EmulatorProgram,
  { layout, gzip }: Pick<LayerOutput, 'layout' | 'gzip'>,
): Promise<EmulatorLayer> {
  const diff = runningDigest();
  const blob = await createBlob(layout);
  try {
    const members: Uint8Array[] = [];
    let member = { offset: 0, length: 0 };
    let offset = 0;
    for (const entry of plan.entries) {
      const content = entry.source === null ? new Uint8Array() : program;
      const raw = tarEntry({ ...entry, size: content.length }, content, mtime);
      for (const part of raw) diff.update(part);
      const compressed = await gzip.member(raw);
      if (entry.source !== null) member = { offset, length: compressed.length };
      offset += compressed.length;
      members.push(compressed);
    }
    diff.update(END_OF_ARCHIVE);
    for (const part of [...members, await gzip.member([END_OF_ARCHIVE])]) {
      await blob.write(part);
      giveBack(part);
    }
    const layer: Layer = {
      compression: 'gzip',
      ...(await blob.commit()),
      diffId: diff.end(),
      createdBy: plan.createdBy,
    };
    return { guest, size: program.length, layer, member };
  } catch (error) {
    await blob.abort();
    throw error;
  }
}
