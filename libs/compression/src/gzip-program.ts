import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { constants, setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { promisify } from 'node:util';

/** libdeflate as a program of the machine: it takes half of WebAssembly's time. */
export interface GzipProgram {
  /** Parts in a row as one member; null where the program failed. */
  member(parts: readonly Uint8Array[]): Promise<Uint8Array | null>;
  close(): Promise<void>;
}

/** Of Debian's libdeflate-tools. */
const PROGRAM = 'libdeflate-gzip';

/** The versions of which level 6 is known to give the bytes that the WebAssembly gives. */
const SAME_BYTES = /^gzip compression program v1\.(?:1[4-9]|2[0-5])$/m;

/**
 * A shell that runs the program for each name of a file that it is given. This process is far larger: the kernel would copy
 * its page tables for each program that it starts itself. The shell removes the folder when this process has ended, also
 * by a signal.
 */
const SHELL = `trap '' HUP INT TERM
while read -r file; do ${PROGRAM} -6 "$file" && echo done || echo failed; done
rm -rf "$1"`;

/** Null where the machine does not have it, or has a version that may give other bytes. */
export async function openGzipProgram(): Promise<GzipProgram | null> {
  const { stdout } = await promisify(execFile)(PROGRAM, ['-V']).catch(() => ({ stdout: '' }));
  if (!SAME_BYTES.test(stdout)) return null;
  const folder = await mkdtemp(join(tmpdir(), 'qemu-user-static-gzip-')).catch(() => null);
  if (folder === null) return null;
  const shells: ReturnType<typeof openShell>[] = [];
  const free: typeof shells = [];
  let count = 0;
  const oneMore = () => {
    const shell = openShell(folder);
    shells.push(shell);
    return shell;
  };
  return {
    async member(parts) {
      const name = String(count++);
      let shell = free.pop();
      try {
        shell ??= oneMore();
        await writeParts(join(folder, name), parts);
        return (await shell.run(name)) ? await readFile(join(folder, `${name}.gz`)) : null;
      } catch {
        // No space, or no shell any more.
        return null;
      } finally {
        for (const file of [name, `${name}.gz`]) await rm(join(folder, file), { force: true });
        if (shell !== undefined) free.push(shell);
      }
    },
    async close() {
      await Promise.all(shells.map((shell) => shell.close()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function writeParts(path: string, parts: readonly Uint8Array[]): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    for (const part of parts) await file.appendFile(part);
  } finally {
    await file.close();
  }
}

function openShell(folder: string) {
  const shell = spawn('sh', ['-c', SHELL, 'sh', folder], {
    cwd: folder,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  runBelow(shell);
  // Where it could not be started, or has ended, that shows in what it answers.
  shell.on('error', () => undefined);
  shell.stdin.on('error', () => undefined);
  const ended = new Promise<void>((resolve) => shell.once('close', () => resolve()));
  const answers = createInterface({ input: shell.stdout })[Symbol.asyncIterator]();
  return {
    async run(name: string): Promise<boolean> {
      shell.stdin.write(`${name}\n`);
      return (await answers.next()).value === 'done';
    },
    async close(): Promise<void> {
      shell.stdin.end();
      if (shell.pid !== undefined) await ended;
    },
  };
}

/** As the workers of `openGzip`, and for the same reason. */
function runBelow({ pid }: ChildProcessByStdio<Writable, Readable, null>): void {
  try {
    if (pid !== undefined) setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // Where that is forbidden, it takes a little longer.
  }
}
