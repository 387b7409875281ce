import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { HostPlatform } from '@qemu-user-static/arch-table';
import { writeLock } from '@qemu-user-static/lock';
import { command as buildCommand } from '../commands/build.ts';
import { type Environment, openEnvironment } from '../commands/environment.ts';
import type { BuilderEvent } from '../report/events.ts';
import { madeRelease } from './made-release.ts';

/** A checkout whose lock is of packages made here, which are in its cache; and all that was reported in it. */
export interface MadeCheckout {
  readonly environment: Environment;
  readonly events: readonly BuilderEvent[];
  /** Builds a layout of some platforms, or of all, and gives its folder. */
  build(name: string, platform?: HostPlatform[]): Promise<string>;
  /** Options for `build`. */
  buildOptions(name: string, platform?: HostPlatform[]): Parameters<typeof buildCommand.run>[0];
}

export async function madeCheckout(folder: string, variables: NodeJS.ProcessEnv = {}): Promise<MadeCheckout> {
  const cache = join(folder, 'cache');
  const packages = join(cache, 'sha256');
  await mkdir(packages, { recursive: true });
  const { lock } = await madeRelease(packages);
  const events: BuilderEvent[] = [];
  // Nothing listens there: only files in the cache are available.
  const machine = { cache, mirror: 'http://127.0.0.1:1/debian' };
  const opened = await openEnvironment(variables, machine, (event) => events.push(event));
  const paths = {
    ...opened.paths,
    lock: join(folder, 'sources.lock.json'),
    conformance: join(folder, 'conformance.json'),
  };
  const environment = { ...opened, paths };
  await writeLock(paths.lock, lock);
  await writeFile(paths.conformance, '{}\n');
  const buildOptions = (
    name: string,
    platform: HostPlatform[] = [],
  ): Parameters<typeof buildCommand.run>[0] => ({
    layout: join(folder, name),
    channel: [],
    platform,
    compression: ['gzip', 'zstd'],
  });
  const build = async (name: string, platform: HostPlatform[] = []) => {
    const options = buildOptions(name, platform);
    await buildCommand.run(options, environment);
    return options.layout;
  };
  return { environment, events, build, buildOptions };
}
