import { constants } from 'node:os';
import { describe, isTold } from '@qemu-user-static/errors';
import { CommanderError } from 'commander';
import type { Declaration } from './commands/command.ts';
import { commandLine } from './commands/command-line.ts';
import type { EnvironmentOptions } from './commands/environment.ts';
import type { CommonOptions } from './commands/options.ts';
import { BuilderError, toldAsFileSystem, USAGE_ERRORS } from './report/errors.ts';
import { reporter } from './report/reporter.ts';

/** Runs a command with the machine it is on, and prints its result: text, or the same as JSON. */
async function run(command: Declaration, given: never): Promise<void> {
  const options: EnvironmentOptions & CommonOptions = given;
  // Not for --help and wrong words: it is many modules.
  const { openEnvironment } = await import('./commands/environment.ts');
  const environment = await openEnvironment(process.env, options, reporter(process.stderr, Date.now));
  try {
    const { text, value, failure } = await command.run(given, environment);
    if (options.json) process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
    else if (text !== '') process.stdout.write(`${text}\n`);
    if (failure !== undefined) throw failure;
  } finally {
    await environment.close();
  }
}

function tell(error: unknown): void {
  process.stderr.write(`${describe(error)}\n`);
  process.exitCode = isTold(error) && USAGE_ERRORS.has(error.code) ? 2 : 1;
}

// A write that fails is an event, which may come when all else is done. Where the reader has gone, a program ends with the
// status of SIGPIPE and says nothing; Node ignores that signal.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exitCode = 128 + constants.signals.SIGPIPE;
  else tell(new BuilderError('FILE_SYSTEM', `the result cannot be written to stdout: ${error.message}`));
});
// That nobody reads the messages is no reason to end the work.
process.stderr.on('error', () => undefined);

try {
  await commandLine(run).parseAsync();
} catch (error) {
  // Commander has printed its own message by now.
  if (error instanceof CommanderError) process.exitCode ??= error.exitCode === 0 ? 0 : 2;
  else tell(toldAsFileSystem(error));
}
