#!/usr/bin/env node
import { resolve } from 'node:path';
import { describe, isTold } from '@qemu-user-static/errors';
import { CommanderError } from 'commander';
import { type Commands, commandLine } from './cli.ts';
import { writeContext } from './commands/context.ts';
import { exportCommand } from './commands/export.ts';
import { loadCommand } from './commands/load.ts';
import { publishCommand } from './commands/publish.ts';
import { buildCommand, checkCommand, fetchCommand, releaseCommand } from './commands/release.ts';
import type { Result } from './commands/result.ts';
import { smokeCommand } from './commands/smoke.ts';
import { updateCommand } from './commands/update.ts';
import { verifyRemoteCommand } from './commands/verify-remote.ts';
import { type Environment, type EnvironmentOptions, openEnvironment } from './environment.ts';
import { toldAsFileSystem, USAGE_ERRORS } from './errors.ts';
import { reporter } from './reporter.ts';

/** Runs a command with the machine it is on, and prints its result: text, or the same as JSON. */
async function run(
  options: EnvironmentOptions & { json?: true },
  command: (environment: Environment) => Promise<Result>,
): Promise<void> {
  const environment = await openEnvironment(process.env, options, reporter(process.stderr, Date.now));
  try {
    const { text, value, failure } = await command(environment);
    process.stdout.write(options.json ? `${JSON.stringify(value, null, 2)}\n` : `${text}\n`);
    if (failure !== undefined) throw failure;
  } finally {
    await environment.close();
  }
}

const located = <T extends { readonly output: string }>(options: T): T => ({
  ...options,
  output: resolve(options.output),
});

const layoutLocated = <T extends { readonly layout: string }>(options: T): T => ({
  ...options,
  layout: resolve(options.layout),
});

const commands: Commands = {
  update: (options) => run(options, (environment) => updateCommand(options, environment)),
  fetch: (options) => run(options, (environment) => fetchCommand(options, environment)),
  build: (options) => run(options, (environment) => buildCommand(located(options), environment)),
  check: (options) => run(options, (environment) => checkCommand(located(options), environment)),
  context: (options) => run(options, (environment) => writeContext(located(options), environment)),
  release: (options) => run(options, (environment) => releaseCommand(located(options), environment)),
  publish: (options) => run(options, (environment) => publishCommand(options, environment)),
  'verify-remote': (options) =>
    run(options, (environment) => verifyRemoteCommand(located(options), environment)),
  export: (options) => run(options, (environment) => exportCommand(layoutLocated(options), environment)),
  smoke: (options) => run(options, (environment) => smokeCommand(layoutLocated(options), environment)),
  load: (options) => run(options, (environment) => loadCommand(layoutLocated(options), environment)),
};

try {
  await commandLine(commands).parseAsync();
} catch (error) {
  // Commander has printed its own message by now.
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else {
    const told = toldAsFileSystem(error);
    process.stderr.write(`${describe(told)}\n`);
    process.exitCode = isTold(told) && USAGE_ERRORS.has(told.code) ? 2 : 1;
  }
}
