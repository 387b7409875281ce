import { readFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { describe, isCodedError } from '@qemu-user-static/errors';
import { CommanderError } from 'commander';
import type { Command, Result } from './commands/command.ts';
import { commandLine, type Given } from './commands/command-line.ts';
import { asFileSystemError, BuilderError, USAGE_ERRORS } from './report/errors.ts';
import { errorAsJson, printJson } from './report/json.ts';
import { reporter } from './report/reporter.ts';

/** Runs a command with the machine it is on, and prints its result as text or as JSON. */
async function run(command: Command, given: Given): Promise<void> {
  const result = await resultOf(command, given).catch((error: unknown) => {
    // With --json there is a JSON document in every case.
    if (given.json) process.stdout.write(printJson({ error: errorAsJson(asFileSystemError(error)) }));
    throw error;
  });
  const { text, value, failure } = result;
  if (given.json && value !== undefined)
    process.stdout.write(printJson({ ...value, ...(failure && { error: errorAsJson(failure) }) }));
  else if (text !== '') process.stdout.write(`${text}\n`);
  if (failure !== undefined) throw failure;
}

async function resultOf(command: Command, given: Given): Promise<Result> {
  // Not for --help and wrong words: it is many modules.
  const { openEnvironment } = await import('./commands/environment.ts');
  const level = given.quiet ? 'quiet' : given.verbose ? 'verbose' : 'normal';
  const environment = await openEnvironment(process.env, given, reporter(process.stderr, Date.now, level));
  try {
    return await command.run(given, environment);
  } finally {
    await environment.close();
  }
}

function report(error: unknown): void {
  process.stderr.write(`${describe(error)}\n`);
  process.exitCode = isCodedError(error) && USAGE_ERRORS.has(error.code) ? 2 : 1;
}

async function version(): Promise<string> {
  const text = await readFile(new URL('../../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

// A write that fails is an event, which may come when all else is done. If the reader has gone, a program ends with the
// status of SIGPIPE and prints nothing; Node ignores that signal.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exitCode = 128 + constants.signals.SIGPIPE;
  else report(new BuilderError('FILE_SYSTEM', `the result cannot be written to stdout: ${error.message}`));
});
// That nobody reads the messages is not a reason to end the work.
process.stderr.on('error', () => undefined);

try {
  await commandLine(run, await version()).parseAsync();
} catch (error) {
  // Commander has printed its own message by now.
  if (error instanceof CommanderError) process.exitCode ??= error.exitCode === 0 ? 0 : 2;
  else report(asFileSystemError(error));
}
