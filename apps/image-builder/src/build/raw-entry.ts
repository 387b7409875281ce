import { tarEntry } from '@qemu-user-static/oci-image';
import type { PlannedEntry } from '../images/layer-plan.ts';

/** A planned path with its content as a tar entry. */
export function rawEntry(
  { path, type, mode, linkname }: PlannedEntry,
  content: Uint8Array,
  mtime: number,
): Uint8Array[] {
  return tarEntry(
    { path, type, mode, size: content.length, ...(linkname !== undefined && { linkname }) },
    content,
    mtime,
  );
}
