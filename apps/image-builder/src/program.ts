import { describe, isTold } from '@qemu-user-static/errors';
import { CommanderError } from 'commander';
import { commandLine } from './cli/command-line.ts';
import type { Declaration } from './cli/declaration.ts';
import type { CommonOptions } from './cli/options.ts';
import type { EnvironmentOptions } from './environment.ts';
import { toldAsFileSystem, USAGE_ERRORS } from './errors.ts';
import { reporter } from './reporter.ts';

/** Runs a command with the machine it is on, and prints its result: text, or the same as JSON. */
async function run(command: Declaration, given: never): Promise<void> {
  const options: EnvironmentOptions & CommonOptions = given;
  // Not for --help and wrong words: it is many modules.
  const { openEnvironment } = await import('./environment.ts');
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

try {
  await commandLine(run).parseAsync();
} catch (error) {
  // Commander has printed its own message by now.
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else {
    const told = toldAsFileSystem(error);
    process.stderr.write(`${describe(told)}\n`);
    process.exitCode = isTold(told) && USAGE_ERRORS.has(told.code) ? 2 : 1;
  }
}
