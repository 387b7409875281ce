import { isCodedError, printable } from '@qemu-user-static/errors';
import fc from 'fast-check';
import { inputsFrom } from './inputs.ts';
import type { Reader } from './readers.ts';

/** Which cases: the seed decides all, and a path leads to one of them and those it shrinks to. */
export interface Cases {
  readonly seed: number;
  readonly path?: string | undefined;
  /** How long to go on. */
  readonly milliseconds: number;
  /** Milliseconds of the processor that one input may take. */
  readonly cpu: number;
}

export interface Outcome {
  readonly runs: number;
  readonly failure: { readonly path: string; readonly input: string; readonly error: string } | null;
}

/** Of an input that is printed. */
const MOST_SHOWN = 2000;

/** Gives a reader inputs until the time is over, or one is not held; that one is then made as small as possible. */
export async function tryReader(reader: Reader, { seed, path, milliseconds, cpu }: Cases): Promise<Outcome> {
  const property = fc.asyncProperty(inputsFrom(reader.samples), async (input) => holds(reader, input, cpu));
  const result = await fc.check(property, {
    seed,
    ...(path !== undefined && { path }),
    numRuns: Number.MAX_SAFE_INTEGER,
    interruptAfterTimeLimit: milliseconds,
  });
  if (!result.failed || result.counterexample === null) return { runs: result.numRuns, failure: null };
  const [input] = result.counterexample;
  const error = result.errorInstance;
  return {
    runs: result.numRuns,
    failure: {
      path: result.counterexamplePath ?? '',
      input: printable(String(input)).slice(0, MOST_SHOWN),
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    },
  };
}

async function holds(reader: Reader, input: Buffer | string, cpu: number): Promise<void> {
  const before = process.threadCpuUsage();
  try {
    await reader.read(input as never);
  } catch (error) {
    if (!isCodedError(error)) throw error;
  }
  const { user, system } = process.threadCpuUsage(before);
  const took = (user + system) / 1000;
  if (took > cpu) throw new Error(`it took ${Math.round(took)} ms of the processor`);
}
