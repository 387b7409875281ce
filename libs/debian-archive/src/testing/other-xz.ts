import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished, vi } from 'vitest';
import { temporaryFolder } from './folder.ts';

/** Puts a shell script in the place of xz until the test is over. In it, `xz` is the real one. */
export async function otherXz(lines: string): Promise<void> {
  const folder = await temporaryFolder();
  const xz = spawnSync('sh', ['-c', 'command -v xz'], { encoding: 'utf8' }).stdout.trim();
  await writeFile(join(folder, 'xz'), `#!/bin/sh\nxz() { ${xz} "$@"; }\n${lines}\n`, { mode: 0o755 });
  vi.stubEnv('PATH', `${folder}:${process.env.PATH}`);
  onTestFinished(() => void vi.unstubAllEnvs());
}
