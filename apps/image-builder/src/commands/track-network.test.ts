import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@qemu-user-static/debian-archive/testing';
import { openedGitHub } from '@qemu-user-static/github/testing';
import { formatLock, parseLock, platformsOf, readLock, writeLock } from '@qemu-user-static/lock';
import { expect, onTestFinished, test } from 'vitest';
import { olderLock } from '../testing/older-lock.ts';
import { openEnvironment } from './environment.ts';
import { command as trackCommand } from './track.ts';

test.skipIf(process.env.OFFLINE)(
  'from Debian stable’s packages to sid’s: a pull request by one command, and the same one the next time (network)',
  { timeout: 600_000 },
  async () => {
    const folder = await temporaryFolder();
    const { github, repository, server } = await openedGitHub();
    server.repository('qemu/qemu').refs.set('tags/v11.1.3', '0');
    const machine = await openEnvironment(process.env, {}, () => undefined);
    onTestFinished(() => machine.close());

    // One small platform of one channel, without guests from another.
    const paths = {
      ...machine.paths,
      lock: join(folder, 'lock.json'),
      sources: join(folder, 'sources.json'),
    };
    const sources = JSON.parse(await readFile(machine.paths.sources, 'utf8'));
    const { guestsFrom: _, ...channelOfSources } = sources.channels.latest;
    const latest = { ...channelOfSources, platforms: ['linux/arm/v7'] };
    await writeFile(paths.sources, JSON.stringify({ ...sources, channels: { latest } }));
    const older = olderLock(await readLock(machine.paths.lock));
    const { latest: stable } = older.channels;
    if (stable === undefined) throw new Error('no channel latest');
    const arm = platformsOf(stable).filter(([platform]) => platform === 'linux/arm/v7');
    const channel = { ...stable, guestsFrom: {}, platforms: Object.fromEntries(arm) };
    await writeLock(paths.lock, { ...older, channels: { latest: channel } });
    const before = await readLock(paths.lock);
    repository.push('main', 'lock', { 'sources.lock.json': formatLock(before) });

    const environment = { ...machine, paths, github: async () => github };
    // A mirror may be stale; this is not a test of that.
    const options = { output: join(folder, 'track'), pullRequest: true, acceptExpired: true } as const;
    const { text } = await trackCommand.run(options, environment);
    expect(text).toContain('pull request opened: ');
    const [pull, ...more] = repository.threads;
    expect(more).toEqual([]);
    const was = before.channels.latest?.platforms['linux/arm/v7']?.version;
    const written = repository.read('track/sources-lock', 'sources.lock.json') ?? '';
    const now = parseLock(written).channels.latest?.platforms['linux/arm/v7']?.version;
    expect(pull?.body).toContain(`| latest | linux/arm/v7 | ${was} → ${now} | `);
    expect(pull?.body).toMatch(/ \| \d+ → \d+( [+−]\w+)* \|\n/);
    expect(pull?.body).toMatch(/- latest: \d+ tags, .* built and read back/);

    expect((await trackCommand.run(options, environment)).text).toContain('pull request unchanged: ');
    expect(repository.threads).toHaveLength(1);
  },
);
