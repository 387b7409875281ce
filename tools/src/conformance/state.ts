import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { memoKey } from '@qemu-user-static/files';
import type { CaseResult } from './outcome.ts';

/** Raise it when cases are run or judged otherwise than before. */
const STATE_VERSION = 1;

/** All that a result depends on. */
export interface Inputs {
  /** SHA-256 of the emulator; nothing for the native program. */
  readonly emulator: string | undefined;
  /** SHA-256 of the guest program, or of what a workload is made of. */
  readonly program: string;
  readonly case: string;
  readonly flags: string;
  readonly limit: number;
  /** Release of the kernel. */
  readonly kernel: string;
}

/** Results of this run and of earlier ones, each under a hash of its inputs: a changed emulator or program has none. */
export interface State {
  recall(inputs: Inputs): CaseResult | undefined;
  remember(inputs: Inputs, result: CaseResult): Promise<void>;
}

/** The state in a file of lines, written as results come: a run that was killed goes on where it was. */
export async function openState(file: string): Promise<State> {
  await mkdir(dirname(file), { recursive: true });
  const known = new Map<string, CaseResult>();
  const text = await readFile(file, 'utf8').catch(() => '');
  for (const line of text.split('\n')) {
    const entry = parse(line);
    if (entry !== undefined) known.set(entry.key, entry.result);
  }
  const keyOf = (inputs: Inputs) => memoKey([STATE_VERSION, inputs]);
  return {
    recall: (inputs) => known.get(keyOf(inputs)),
    async remember(inputs, result) {
      const key = keyOf(inputs);
      known.set(key, result);
      await appendFile(file, `\n${JSON.stringify({ key, result })}`);
    },
  };
}

/** Nothing of half a line, which a killed run may leave. */
function parse(line: string): { key: string; result: CaseResult } | undefined {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
