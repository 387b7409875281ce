import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeLock } from '@qemu-user-static/lock';
import { lockOf } from '@qemu-user-static/lock/testing';
import { afterAll, expect, test } from 'vitest';
import { openEnvironment } from './environment.ts';
import { command } from './tag.ts';

const folder = await mkdtemp(join(tmpdir(), 'tag-'));
afterAll(() => rm(folder, { recursive: true }));

test('the tag has the version that most platforms have, and its rebuild number', async () => {
  const opened = await openEnvironment({}, {}, () => undefined);
  const environment = { ...opened, paths: { ...opened.paths, lock: join(folder, 'sources.lock.json') } };
  const lock = lockOf({
    latest: { 'linux/amd64': '11.1.3', 'linux/arm64': '11.1.3', 'linux/arm/v7': '10.2.2' },
    stable: { 'linux/amd64': '10.0.13' },
  });
  const rebuilds = { '11.1.3': { number: 4, inputs: '0'.repeat(64) } };
  await writeLock(environment.paths.lock, { ...lock, rebuilds });
  expect((await command.run({ channel: [] }, environment)).text).toBe('v11.1.3-4');
  expect((await command.run({ channel: ['latest', 'stable'] }, environment)).text).toBe(
    'v11.1.3-4\nv10.0.13-1',
  );
  await opened.close();
});
