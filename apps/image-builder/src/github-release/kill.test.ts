import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type GitHubServer, startGitHub } from '@qemu-user-static/github/testing';
import pLimit from 'p-limit';
import { expect, onTestFinished, test } from 'vitest';
import { madeCheckout } from '../testing/made-checkout.ts';
import { stateOf } from '../testing/release-state.ts';

/** `KILLS=20` takes longer and looks closer. */
const KILLS = Number(process.env.KILLS ?? 3);
const AT_ONCE = 3;

test(`killed at ${KILLS} moments, it leaves no release without all its files, and the next run finishes`, {
  timeout: 60_000 + KILLS * 60_000,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kill-github-'));
  const checkout = await madeCheckout(folder);
  onTestFinished(async () => {
    await checkout.environment.close();
    await rm(folder, { recursive: true, force: true });
  });
  const layout = await checkout.build('oci');
  const program = new URL('../testing/make-releases.ts', import.meta.url).pathname;

  /** Makes the releases in a process of its own, which is killed at an answer of GitHub, or a little later. */
  async function make(server: GitHubServer, assets: string, answers = Number.POSITIVE_INFINITY) {
    const child = spawn(
      process.execPath,
      [program, checkout.environment.paths.lock, layout, join(folder, assets)],
      {
        stdio: ['ignore', 'ignore', 'inherit'],
        env: {
          ...process.env,
          GITHUB_API_URL: server.url,
          GITHUB_TOKEN: 'token',
          GITHUB_REPOSITORY: 'o/r',
          GITHUB_SHA: 'c'.repeat(40),
        },
      },
    );
    const before = server.requests.length;
    const ended = once(child, 'exit') as Promise<[number | null]>;
    while (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      if (server.requests.length - before >= answers) {
        await sleep(Math.random() * 5);
        child.kill('SIGKILL');
        break;
      }
      await sleep(1);
    }
    return { status: (await ended)[0], heard: server.requests.length - before };
  }

  const open = async () => {
    const server = await startGitHub();
    onTestFinished(server.close);
    return { server, repository: server.repository('o/r') };
  };
  const alone = await open();
  const { status, heard } = await make(alone.server, 'files');
  expect(status).toBe(0);
  const expected = stateOf(alone.repository);
  expect(expected.releases).toHaveLength(2);
  const writes = () => alone.server.requests.filter((request) => !request.startsWith('GET'));
  const before = writes();
  expect((await make(alone.server, 'files')).status).toBe(0);
  expect(writes()).toEqual(before);

  const moments = Array.from({ length: KILLS }, (_, time) =>
    Math.ceil((heard * (time + Math.random())) / KILLS),
  );
  const left = await pLimit(AT_ONCE).map(moments, async (moment) => {
    const { server, repository } = await open();
    await make(server, 'files', moment);
    const { releases } = stateOf(repository);
    for (const one of releases) if (!one.draft) expect(expected.releases).toContainEqual(one);
    expect((await make(server, 'files')).status).toBe(0);
    expect(stateOf(repository)).toEqual(expected);
    return releases.flatMap(({ assets }) => assets).length;
  });
  // Some were killed before the last file was there.
  expect(Math.min(...left)).toBeLessThan(expected.releases.flatMap(({ assets }) => assets).length);
});
