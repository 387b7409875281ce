import { randomInt } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { Command, InvalidArgumentError } from 'commander';
import { PART_NAMES, readersOf } from './readers.ts';
import type { Outcome } from './try-reader.ts';
import type { Task } from './worker.ts';

// npm run fuzz: every reader of outside data, with documents that somebody altered.

/** For a thread to start and to make its samples, and for one last input. */
const GRACE_MS = 120_000;
/** For one input of at most some hundred kilobytes. */
const MOST_CPU_MS = 3000;
const MEMORY = { maxOldGenerationSizeMb: 512 };

const whole = (text: string) => {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It is a whole number.');
  return Number(text);
};
const program = new Command('fuzz')
  .description(
    'Gives every reader of outside data altered documents: a coded error or a right result must follow.',
  )
  .option('--seconds <n>', 'how long, all readers together', whole, 60)
  .option('--seed <n>', 'repeats the run that printed it', whole, randomInt(1e9))
  .option('--reader <name>', 'only this one')
  .option('--path <path>', 'with --reader: only the input that a failure printed')
  .parse();
const { seconds, seed, reader, path } = program.opts<{
  seconds: number;
  seed: number;
  reader?: string;
  path?: string;
}>();

const all = await Promise.all(
  PART_NAMES.map(async (part) => (await readersOf(part)).map(({ name }) => ({ part, name }))),
);
const asked = all.flat().filter(({ name }) => name === (reader ?? name));
if (asked.length === 0) program.error(`no reader "${reader}"`);
process.stdout.write(`seed ${seed}\n`);
let failures = 0;
for (const { part, name } of asked) {
  const milliseconds = (seconds * 1000) / asked.length;
  const { runs, failure } = await outcomeOf({ part, name, seed, path, milliseconds, cpu: MOST_CPU_MS });
  process.stdout.write(`${name.padEnd(20)} ${failure === null ? 'held' : 'FAILED'}, ${runs} runs\n`);
  if (failure === null) continue;
  failures++;
  const one = failure.path === '' ? '' : ` --path ${failure.path}`;
  process.stdout.write(
    `  ${failure.error.replaceAll('\n', '\n  ')}\n  input: ${failure.input}\n` +
      `  repeat: npm run fuzz -- --reader ${name} --seed ${seed}${one}\n`,
  );
}
process.stdout.write(`${asked.length} readers, ${failures} failures\n`);
process.exitCode = failures === 0 ? 0 : 1;

function outcomeOf(task: Task): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    workerData: task,
    resourceLimits: MEMORY,
  });
  const failed = (error: string) =>
    resolve({ runs: 0, failure: { path: '', input: 'see the error', error } });
  const timer = setTimeout(() => failed('it does not end'), task.milliseconds + GRACE_MS);
  let outcome: Outcome | undefined;
  worker.once('message', (message: Outcome) => {
    outcome = message;
  });
  worker.once('error', (error) => failed(String(error)));
  // Not at the message: a thread that ends by itself removes its temporary files.
  worker.once('exit', () =>
    outcome === undefined ? failed('it ended without an outcome') : resolve(outcome),
  );
  return promise.finally(async () => {
    clearTimeout(timer);
    await worker.terminate();
  });
}
