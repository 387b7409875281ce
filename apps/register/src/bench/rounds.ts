import { spawnSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';

/**
 * Runs inside a namespace: `node rounds.ts ROUNDS MOUNT '[["name", "program", "word"…]…]'`. Runs each program in turn,
 * round after round, with an empty table before, and prints the milliseconds of each run as JSON, by name.
 */
const [rounds = '', mount = '', programs = ''] = process.argv.slice(2);
const times: Record<string, number[]> = {};

for (let round = 0; round < Number(rounds); round++) {
  for (const [name, program, ...words] of JSON.parse(programs) as [string, string, ...string[]][]) {
    for (const entry of readdirSync(mount))
      if (entry.startsWith('qemu-')) writeFileSync(`${mount}/${entry}`, '-1');
    const began = performance.now();
    const { status, stderr } = spawnSync(program, words, {
      encoding: 'utf8',
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    times[name] = [...(times[name] ?? []), performance.now() - began];
    if (status !== 0) throw new Error(`${name} ended with ${status}: ${stderr}`);
  }
}
console.log(JSON.stringify(times));
