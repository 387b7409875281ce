import { constants } from 'node:os';
import type { OptionValues } from '@commander-js/extra-typings';
import { describe, isCodedError } from '@qemu-user-static/errors';
import { CommanderError } from 'commander';
import type { Command } from './commands/command.ts';
import { commandLine } from './commands/command-line.ts';
import { asFileSystemError, BuilderError, USAGE_ERRORS } from './report/errors.ts';
import { reporter } from './report/reporter.ts';

/** Runs a command with the machine it is on, and prints its result as text or as JSON. */
async function run(command: Command, given: OptionValues): Promise<void> {
  // Not for --help and wrong words: it is many modules.
  const { openEnvironment } = await import('./commands/environment.ts');
  const environment = await openEnvironment(process.env, given, reporter(process.stderr, Date.now));
  try {
    const { text, value, failure } = await command.run(given, environment);
    if (given.json) process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
    else if (text !== '') process.stdout.write(`${text}\n`);
    if (failure !== undefined) throw failure;
  } finally {
    await environment.close();
  }
}

function report(error: unknown): void {
  process.stderr.write(`${describe(error)}\n`);
  process.exitCode = isCodedError(error) && USAGE_ERRORS.has(error.code) ? 2 : 1;
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
  await commandLine(run).parseAsync();
} catch (error) {
  // Commander has printed its own message by now.
  if (error instanceof CommanderError) process.exitCode ??= error.exitCode === 0 ? 0 : 2;
  else report(asFileSystemError(error));
}
