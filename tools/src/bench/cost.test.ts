import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { costOf, median } from './cost.ts';

const BUSY = 'const end = process.cpuUsage().user + 320000; while (process.cpuUsage().user < end);';

test('the CPU time of what a program begins counts', async () => {
  const { cpu } = await costOf([['sh', '-c', '"$@"; true', 'sh', process.execPath, '-e', BUSY]]);
  expect(cpu).toBeGreaterThan(0.29);
});

test('the CPU time of a daemon counts, and its memory', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cost-'));
  const done = join(folder, 'done');
  const work = `const bytes = Buffer.alloc(200e6, 1); ${BUSY} require('fs').writeFileSync('${done}', '');`;
  const program = `let kept; process.on('SIGUSR2', () => { ${work} kept = bytes; }); setInterval(() => kept, 1000); console.log('ready')`;
  const daemon = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    await once(daemon.stdout, 'data');
    const client = `kill -USR2 ${daemon.pid}; while [ ! -e ${done} ]; do sleep 0.1; done`;
    const { cpu, memory } = await costOf([['sh', '-c', client]], [daemon.pid as number]);
    expect(cpu).toBeGreaterThan(0.29);
    expect(memory).toBeGreaterThan(200);
  } finally {
    if (daemon.pid !== undefined) daemon.kill();
    await rm(folder, { recursive: true });
  }
});

test('what fails is reported, with what it said', async () => {
  await expect(costOf([['sh', '-c', 'echo no room >&2; exit 3']])).rejects.toThrow(/ended with 3:\nno room/);
});

test('the median of an even number is between the middle two', () => {
  expect([median([3, 1, 2]), median([4, 1, 2, 10])]).toEqual([2, 3]);
});
