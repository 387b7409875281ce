import { constants, setPriority } from 'node:os';
import { gzip } from 'libdeflate';
import Tinypool from 'tinypool';
import type { GzipTask } from './gzip.ts';

/** Level 6: level 7 takes a third longer and saves half a percent. */
const LEVEL = 6;

yieldToOthers();

/** A worker of `openGzip`: bytes in, a gzip member out. */
export default function compress({ shared, length }: GzipTask): unknown {
  return Tinypool.move(gzip(new Uint8Array(shared, 0, length), LEVEL));
}

/**
 * Members are made on all cores at once, a zstd frame on one, so the frame is what a build waits for in the end: it is
 * not to share its core. On Linux a priority is a thread's (setpriority(2), "C library/kernel differences"), elsewhere
 * the process's.
 */
function yieldToOthers(): void {
  if (process.platform !== 'linux') return;
  try {
    setPriority(0, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // Where that is forbidden, it takes a little longer.
  }
}
