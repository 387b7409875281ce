import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { NEEDS } from '../test-needs.ts';
import { openNamespace } from './namespace.ts';
import { resultOf } from './outcome.ts';
import { childrenOf, endBelow } from './processes.ts';
import { whereAre } from './where.ts';

const lacks = ['root', 'user namespace'].some((word) => NEEDS[word]?.lack() !== undefined);

/** Processes that have a word among theirs. */
const withWord = (word: string) =>
  readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(word);
    } catch {
      return false;
    }
  });

describe.skipIf(lacks)('a run (root, user namespace)', () => {
  test.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)(
    'ended by %s leaves no process',
    async (signal) => {
      const word = `9${process.pid}${{ SIGINT: 1, SIGTERM: 2, SIGKILL: 3 }[signal]}`;
      const script = join(import.meta.dirname, 'testing/run-forever.ts');
      const child = spawn(process.execPath, [script, word], { stdio: ['ignore', 'pipe', 'inherit'] });
      onTestFinished(() => void child.kill('SIGKILL'));
      const printed = text(child.stdout);
      // The program, its shell, and those that entered the namespace.
      await vi.waitFor(() => expect(withWord(word).length).toBeGreaterThan(2), 20_000);
      child.kill(signal);
      await once(child, 'exit');
      await vi.waitFor(() => expect(withWord(word)).toEqual([]), 20_000);
      const message = `ended by ${signal}; run the same command again to go on`;
      expect(await printed).toBe(signal === 'SIGKILL' ? 'running\n' : `running\n${message}\n`);
    },
    60_000,
  );

  test('killed before its first process has begun leaves none either', async () => {
    const script = join(import.meta.dirname, 'testing/run-forever.ts');
    for (const delay of [0, 2, 4, 6, 8, 12, 16, 20]) {
      const word = `9${process.pid}4${delay}`;
      const child = spawn(process.execPath, [script, word], { stdio: ['ignore', 'pipe', 'inherit'] });
      await once(child.stdout, 'data');
      await setTimeout(delay);
      child.kill('SIGKILL');
      await once(child, 'close');
      await vi.waitFor(() => expect(withWord(word)).toEqual([]), 20_000);
    }
  }, 60_000);

  test('has nothing of the start-up file of the caller’s shell', async () => {
    const home = await mkdtemp(join(tmpdir(), 'home-'));
    onTestFinished(() => rm(home, { recursive: true }));
    await writeFile(join(home, '.bashrc'), 'echo welcome; echo not found >&2; exit 7\n');
    await using space = await openNamespace([]);
    const ended = await space.run(['echo', 'done'], { folder: '/tmp', limit: 60, env: { HOME: home } });
    expect(ended).toMatchObject({ status: 0, stdout: 'done\n', stderr: '' });
  });

  test('that takes too long is a hang, and says what it was at, and what was printed last', async () => {
    await using space = await openNamespace([]);
    const script = 'echo first >&2; echo second >&2; echo third >&2; echo fourth >&2; exec sleep 4711';
    const ended = await space.run(['sh', '-c', script], { folder: '/tmp', limit: 1 });
    const { outcome, detail } = resultOf(ended, 1);
    expect(outcome).toBe('hang');
    expect(detail).toMatch(/^not ended after 1 s in sleep 4711 \(\w+\): fourth$/);
  });
});

test('processes that ignore signals, and those below them, are ended', async () => {
  const stubborn = `trap '' TERM; sh -c 'trap "" TERM; echo ready; while :; do sleep 714; done' & wait; sleep 714`;
  const child = spawn('sh', ['-c', `sh -c '${stubborn.replaceAll("'", "'\\''")}'; :`], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  await endBelow(child.pid ?? 0);
  await vi.waitFor(() => expect(withWord('714')).toEqual([]), 5000);
}, 30_000);

test('a process that has ended is nowhere', async () => {
  const child = spawn('true');
  await once(child, 'exit');
  expect(await whereAre([child.pid ?? 0])).toBe('');
});

test('of many processes three are described: those that wait for none of their own', async () => {
  const script = 'for i in 1 2 3 4 5; do sh -c "sleep 815; :" & done; echo ready; wait';
  const child = spawn('sh', ['-c', script], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
  onTestFinished(() => void process.kill(-(child.pid ?? 0)));
  await vi.waitFor(async () =>
    expect(await whereAre(await childrenOf(child.pid ?? 0))).toMatch(
      /^(sleep 815 \(\w+\), ){3}2 more processes$/,
    ),
  );
});
