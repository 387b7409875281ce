import { parentPort, workerData } from 'node:worker_threads';
import { readersOf } from './readers.ts';
import { type Cases, tryReader } from './try-reader.ts';

/** Which reader a thread tries. */
export interface Task extends Cases {
  readonly part: string;
  readonly name: string;
}

// One reader in a thread of its own: what does not end, or takes all memory, ends with it.
const { part, name, ...cases } = workerData as Task;
const reader = (await readersOf(part)).find((one) => one.name === name);
if (reader === undefined) throw new RangeError(`no reader ${name}`);
parentPort?.postMessage(await tryReader(reader, cases));
