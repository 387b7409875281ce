import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { HostPlatform } from '@qemu-user-static/arch-table';
import {
  makeArchive,
  serve,
  type TestArchiveOptions,
  type TestServer,
  temporaryFolder,
} from '@qemu-user-static/debian-archive/testing';
import { type OpenedGitHub, openedGitHub } from '@qemu-user-static/github/testing';
import { formatLock, type Lock, parseSources, update, writeLock } from '@qemu-user-static/lock';
import { makeEmulators, makeShell } from '@qemu-user-static/lock/testing';
import { renderRegisterScript } from '@qemu-user-static/register';
import { onTestFinished } from 'vitest';
import { type Environment, openEnvironment } from '../commands/environment.ts';
import { command as trackCommand } from '../commands/track.ts';
import type { BuilderEvent } from '../report/events.ts';

const CHANNEL = {
  suite: 'unstable',
  codename: 'sid',
  emulators: { package: 'qemu-user', files: 'usr/bin/qemu-{guest}' },
  shell: { package: 'busybox-static', files: 'usr/bin/busybox' },
  platforms: ['linux/amd64', 'linux/arm/v7'],
};

/** The contents of an archive: a version of QEMU and its guests, by host platform. */
export type Offered = Partial<Record<HostPlatform, readonly [version: string, guests: readonly string[]]>>;

/** A checkout, an archive and a GitHub, all of them on loopback. */
export interface TrackedCheckout extends OpenedGitHub {
  readonly environment: Environment;
  readonly mirror: TestServer;
  readonly reported: BuilderEvent[];
  /** From now on the archive has this. */
  offer(offered: Offered, options?: TestArchiveOptions): Promise<void>;
  /** Beside it, experimental has this version of QEMU. */
  offerEarly(version: string): Promise<void>;
  /** Makes the archive's state the lock of the checkout, and of the repository's main branch. */
  adopt(): Promise<Lock>;
  track(options?: Partial<Parameters<typeof trackCommand.run>[0]>): ReturnType<typeof trackCommand.run>;
}

/** @param early whether the channel has an early suite, experimental */
export async function trackedCheckout({ early = false } = {}): Promise<TrackedCheckout> {
  const folder = await temporaryFolder();
  const opened = await openedGitHub();
  const mirror = await serve();
  const reported: BuilderEvent[] = [];
  const keys: Awaited<ReturnType<typeof makeArchive>>['key'][] = [];
  let date = Date.parse('2026-11-21T09:00:00Z');

  const machine = await openEnvironment(
    {},
    { mirror: mirror.url.href, cache: join(folder, 'cache') },
    (event) => reported.push(event),
  );
  onTestFinished(async () => {
    await machine.close();
    await mirror.close();
  });
  const paths = {
    ...machine.paths,
    lock: join(folder, 'sources.lock.json'),
    sources: join(folder, 'sources.json'),
  };
  const sources = parseSources(
    JSON.stringify({
      origin: 'Debian',
      channels: {
        latest: { ...CHANNEL, ...(early && { early: { suite: 'experimental', codename: 'rc-buggy' } }) },
      },
    }),
  );
  await writeFile(paths.sources, JSON.stringify(sources));
  const environment: Environment = {
    ...machine,
    paths,
    now: () => new Date(date + 3600_000),
    keys: async () => keys.map(({ trusted }) => trusted),
    archive: async () => ({ ...(await machine.archive()), snapshot: new URL('snapshot', mirror.url) }),
    github: async () => opened.github,
  };

  return {
    ...opened,
    environment,
    mirror,
    reported,
    async offer(offered, options = {}) {
      date += 86_400_000;
      const packages = Object.entries(offered).map(async ([platform, [version, guests]]) => [
        await makeEmulators(platform as HostPlatform, version, guests),
        await makeShell(platform as HostPlatform),
      ]);
      const archive = await makeArchive((await Promise.all(packages)).flat(), {
        date: new Date(date),
        validUntil: new Date(date + 7 * 86_400_000),
        ...options,
      });
      keys.splice(0, keys.length, archive.key);
      mirror.files.clear();
      for (const [path, body] of archive.files) mirror.files.set(path, Buffer.from(body));
    },
    async offerEarly(version) {
      const archive = await makeArchive([await makeEmulators('linux/amd64', version, ['arm'])], {
        ...{ suite: 'experimental', codename: 'rc-buggy', date: new Date(date) },
        validUntil: new Date(date + 7 * 86_400_000),
      });
      keys.push(archive.key);
      for (const [path, body] of archive.files)
        mirror.files.set(path.replace('/rc-buggy/', '/experimental/'), Buffer.from(body));
    },
    async adopt() {
      const lock = await update(sources, null, {
        ...(await environment.archive()),
        keys: await environment.keys(),
        now: environment.now(),
        acceptExpired: false,
        template: await environment.template(),
        script: renderRegisterScript(environment.source),
        onEvent: () => undefined,
      });
      await writeLock(paths.lock, lock);
      opened.repository.push('main', 'lock', { 'sources.lock.json': formatLock(lock) });
      return lock;
    },
    track: (options = {}) => trackCommand.run({ output: join(folder, 'track'), ...options }, environment),
  };
}
