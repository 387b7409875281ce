import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT } from './repository.ts';

// Kills `release` with SIGKILL at random moments of its run, packages not yet in the cache, and holds that the next
// run succeeds, gives the digests of a run that was left alone, and leaves nothing half-written behind.
//
//   node tools/src/kill-release.ts [TIMES] [PLATFORM]

const [times = '20', platform = 'linux/arm/v7'] = process.argv.slice(2);
const main = join(ROOT, 'apps/image-builder/src/main.js');

interface Run {
  readonly folder: string;
  readonly process: ReturnType<typeof spawn>;
}

function start(folder: string): Run {
  const places = ['--output', join(folder, 'oci'), '--cache', join(folder, 'cache')];
  return {
    folder,
    process: spawn(process.execPath, [main, 'release', '--platform', platform, ...places], {
      stdio: 'ignore',
    }),
  };
}

async function finish({ folder, process: child }: Run): Promise<string> {
  const [status] = await once(child, 'exit');
  if (status !== 0) throw new Error(`a run that was left alone ended with status ${status}`);
  return readFile(join(folder, 'oci', 'index.json'), 'utf8');
}

const work = await mkdtemp(join(tmpdir(), 'kill-release-'));
try {
  const begun = performance.now();
  const expected = await finish(start(join(work, 'alone')));
  const duration = performance.now() - begun;
  process.stdout.write(`left alone: ${(duration / 1000).toFixed(1)} s\n`);

  for (let time = 1; time <= Number(times); time++) {
    const folder = join(work, String(time));
    const killed = start(folder);
    const moment = Math.random() * duration;
    await Promise.race([sleep(moment), once(killed.process, 'exit')]);
    if (killed.process.pid !== undefined) killed.process.kill('SIGKILL');
    const same = (await finish(start(folder))) === expected;
    const left = (await readdir(folder, { recursive: true })).filter((name) =>
      /\.partial|\.writer|\.tmp/.test(name),
    );
    process.stdout.write(
      `killed after ${(moment / 1000).toFixed(1)} s: ${same ? 'same digests' : 'OTHER DIGESTS'}, ${left.length} left over\n`,
    );
    if (!same || left.length > 0) throw new Error(`the run after a kill differs: ${left.join(', ')}`);
    await rm(folder, { recursive: true });
  }
  process.stdout.write(`${times} of ${times} kills: the next run succeeded with the same digests\n`);
} finally {
  await rm(work, { recursive: true, force: true });
}
