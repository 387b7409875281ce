import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import type { LockedPlatform } from '@qemu-user-static/lock';
import { type FoundImage, type Layout, readFiles } from '@qemu-user-static/oci-image';
import pLimit from 'p-limit';

const run = promisify(execFile);

/** Milliseconds that `--version` may take; it takes ten. */
const PATIENCE = 30_000;

/** What an emulator of an image printed for `--version`, or why it did not run. */
export interface EmulatorRun {
  readonly path: string;
  readonly problem: string | null;
}

/** Runs every emulator of an image of this machine's platform, and compares its version with the lock. */
export async function runEmulators(
  layout: Layout,
  image: FoundImage,
  locked: LockedPlatform,
  onRun: () => void,
): Promise<EmulatorRun[]> {
  const folder = await mkdtemp(join(tmpdir(), 'qemu-user-static-check-'));
  const atOnce = pLimit(availableParallelism());
  const runs: Promise<EmulatorRun>[] = [];
  try {
    for (const { digest, compression } of image.layers) {
      for await (const { path, content } of readFiles({ layout, digest, compression }, isEmulator)) {
        const file = join(folder, basename(path));
        await writeFile(file, content, { mode: 0o700 });
        runs.push(
          atOnce(async () => {
            const problem = await versionProblem(file, locked);
            await rm(file);
            onRun();
            return { path, problem };
          }),
        );
      }
    }
    return await Promise.all(runs);
  } finally {
    await Promise.allSettled(runs);
    await rm(folder, { recursive: true, force: true });
  }
}

function isEmulator(path: string): boolean {
  return path.startsWith('usr/bin/qemu-');
}

/** Debian's builds print both versions: `qemu-arm version 11.1.3 (Debian 1:11.1.3+ds-1)`. */
async function versionProblem(file: string, locked: LockedPlatform): Promise<string | null> {
  try {
    const { stdout } = await run(file, ['--version'], { timeout: PATIENCE });
    const [line = ''] = stdout.split('\n');
    const fits =
      line.includes(` version ${locked.version}`) &&
      line.includes(`(Debian ${locked.emulators.source.version})`);
    return fits
      ? null
      : `it says "${line}", the lock ${locked.version} (Debian ${locked.emulators.source.version})`;
  } catch (error) {
    return `it does not run: ${(error as Error).message.trim()}`;
  }
}
