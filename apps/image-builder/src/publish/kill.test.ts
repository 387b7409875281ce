import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { openRegistry } from '@qemu-user-static/oci-registry';
import { hasDockerRegistry, startDockerRegistry } from '@qemu-user-static/oci-registry/testing';
import pLimit from 'p-limit';
import { expect, onTestFinished, test, vi } from 'vitest';
import { withTags } from '../layouts/image-set.ts';
import { madeSet } from '../testing/made-release.ts';
import { gapsIn, publishTo, tagsIn, tagsOf } from '../testing/remote.ts';
import { formatSet } from '../testing/set-file.ts';

/** `KILLS=50` takes longer and looks closer. */
const KILLS = Number(process.env.KILLS ?? 8);
const AT_ONCE = 3;

/** Tags of every kind. */
const TAGS = [
  'latest',
  'latest-zstd',
  '11.1.3',
  '11.1.3-1',
  '10.2.2-1',
  'aarch64',
  'x86_64-aarch64',
  'x86_64-aarch64-11.1.3-1',
  'aarch64-11.1.3-1',
  'armv7l-arm',
];

/** Publishes in a process of its own, which is killed after some answers of the registry; how many it got. */
async function publishUntil(answers: number, ...args: string[]): Promise<number> {
  const program = new URL('../testing/push.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  if (child.pid === undefined) await ended;
  let heard = 0;
  for await (const dots of child.stdout) {
    heard += dots.length;
    if (heard < answers) continue;
    // Not at the answer itself, but somewhere in what follows it.
    await after(Math.random() * 3);
    child.kill('SIGKILL');
  }
  await ended;
  return heard;
}

test.skipIf(!hasDockerRegistry)(
  `killed at ${KILLS} moments, it leaves only complete tags, and the next run finishes (docker-registry)`,
  { timeout: KILLS * 30_000 },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kill-'));
    const { name, close } = await startDockerRegistry();
    const registry = openRegistry(name);
    onTestFinished(async () => {
      await registry.close();
      await close();
      await rm(folder, { recursive: true, force: true });
    });
    const set = withTags(await madeSet(folder), (tag) => TAGS.includes(tag));
    const file = join(folder, 'set.json');
    await writeFile(file, formatSet(set));

    const all = await publishUntil(Number.POSITIVE_INFINITY, file, name, 'o/whole');
    expect(await tagsIn(registry.repository('o/whole'))).toEqual(tagsOf(set));

    // The second half of a run is when tags are written, and where there is most to break.
    const moments = Array.from({ length: KILLS }, (_, index) =>
      Math.ceil(all * Math.sqrt((index + Math.random()) / KILLS)),
    );
    const tagsLeft = await pLimit(AT_ONCE).map(moments, async (moment, index) => {
      const path = `o/kill${index}`;
      const client = registry.repository(path);
      await publishUntil(moment, file, name, path);
      // The registry may still be storing the last thing that it got: it writes a tag in several steps, and has
      // none to read between them.
      await vi.waitFor(async () => expect(await gapsIn(client)).toEqual([]), {
        timeout: 20_000,
        interval: 500,
      });
      const left = await client.listTags();
      await publishTo([{ registry: name, repository: path, client }], set);
      expect(await tagsIn(client)).toEqual(tagsOf(set));
      return left.length;
    });
    // Some were killed before the first tag, some after it.
    expect(tagsLeft).toContain(0);
    expect(Math.max(...tagsLeft)).toBeGreaterThan(0);
  },
);
