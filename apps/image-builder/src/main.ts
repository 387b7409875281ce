#!/usr/bin/env node
import { resolve } from 'node:path';
import { describe, isTold } from '@qemu-user-static/errors';
import { CommanderError } from 'commander';
import { type Commands, commandLine } from './cli.ts';
import type { Result } from './commands/result.ts';
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

// Each command loads what it needs when it is called: a release that changes nothing should not wait for the
// signatures of `update` and the registries of `publish`.
const commands: Commands = {
  update: async (options) => {
    const { updateCommand } = await import('./commands/update.ts');
    return run(options, (environment) => updateCommand(options, environment));
  },
  fetch: async (options) => {
    const { fetchCommand } = await import('./commands/release.ts');
    return run(options, (environment) => fetchCommand(options, environment));
  },
  build: async (options) => {
    const { buildCommand } = await import('./commands/release.ts');
    return run(options, (environment) => buildCommand(located(options), environment));
  },
  check: async (options) => {
    const { checkCommand } = await import('./commands/release.ts');
    return run(options, (environment) => checkCommand(located(options), environment));
  },
  context: async (options) => {
    const { writeContext } = await import('./commands/context.ts');
    return run(options, (environment) => writeContext(located(options), environment));
  },
  release: async (options) => {
    const { releaseCommand } = await import('./commands/release.ts');
    return run(options, (environment) => releaseCommand(located(options), environment));
  },
  publish: async (options) => {
    const { publishCommand } = await import('./commands/publish.ts');
    return run(options, (environment) => publishCommand(options, environment));
  },
  'verify-remote': async (options) => {
    const { verifyRemoteCommand } = await import('./commands/verify-remote.ts');
    return run(options, (environment) => verifyRemoteCommand(located(options), environment));
  },
  export: async (options) => {
    const { exportCommand } = await import('./commands/export.ts');
    return run(options, (environment) => exportCommand(layoutLocated(options), environment));
  },
  smoke: async (options) => {
    const { smokeCommand } = await import('./commands/smoke.ts');
    return run(options, (environment) => smokeCommand(layoutLocated(options), environment));
  },
  load: async (options) => {
    const { loadCommand } = await import('./commands/load.ts');
    return run(options, (environment) => loadCommand(layoutLocated(options), environment));
  },
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
