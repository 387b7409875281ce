import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { FOLDER } from './places.ts';

// Comes before each file of tests: a run of another checkout on this machine waits until the file is done. Only
// root can change the kernel's table. The lock ends with this process, however that ends: `cat` sees its pipe close.
if (process.getuid?.() === 0) {
  mkdirSync(FOLDER, { recursive: true });
  const words = [join(FOLDER, 'table.lock'), 'sh', '-c', 'echo held; exec cat'];
  const holder = spawn('flock', words, { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(holder.stdout, 'data');
  afterAll(async () => {
    holder.stdin.end();
    await once(holder, 'exit');
  });
}
