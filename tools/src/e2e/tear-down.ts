#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { $ } from 'zx';
import { restoreTable, type Table } from './binfmt-table.ts';
import { stopEngine } from './engine-process.ts';
import { runAfterInterrupt } from './interrupt.ts';
import { BINFMT, ENGINES, NEWER_ROOT, SHARED, SID_ROOT, STATE } from './places.ts';

/**
 * Ends what tools/src/e2e/set-up.ts started, and leaves the kernel's table as that found it. The files of
 * the Debians in folders stay, for the next set-up.
 */
export async function tearDown(): Promise<void> {
  runAfterInterrupt();
  for (const place of Object.values(ENGINES)) {
    await stopEngine(place);
    // An engine that finds what another left takes half a minute to clear it away.
    await rm(join(place.root, place.folder), { recursive: true, force: true });
  }
  const mounts = await readFile('/proc/self/mountinfo', 'utf8');
  for (const root of [NEWER_ROOT, SID_ROOT])
    if (mounts.includes(` ${root} `)) await $`umount --recursive ${root}`;
  await rm(SHARED, { recursive: true, force: true });
  if (!existsSync(STATE)) return;
  const { mounted, entries } = JSON.parse(await readFile(STATE, 'utf8')) as {
    mounted: boolean;
    entries: Table;
  };
  const lost = await restoreTable(BINFMT, entries);
  if (lost.length > 0) throw new Error(`not as it was before the set-up: ${lost.join(', ')}`);
  if (!mounted) await $`umount ${BINFMT}`;
  await rm(STATE);
}

if (import.meta.main) await tearDown();
