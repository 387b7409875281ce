import { openHttp } from '@qemu-user-static/debian-archive';
import { makeArchive, serve, temporaryFolder } from '@qemu-user-static/debian-archive/testing';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { earlyPackages } from './early.ts';
import { parseSources, type Sources } from './sources.ts';
import { SID } from './testing/channel.ts';
import { lockOf } from './testing/lock.ts';
import { makeEmulators, makeShell } from './testing/packages.ts';

const early = { suite: 'experimental', codename: 'rc-buggy' };
const sources: Sources = parseSources(
  JSON.stringify({ origin: 'Debian', channels: { latest: { ...SID, early } } }),
);
const lock = lockOf({ latest: { 'linux/amd64': '11.1.3' } });
const http = openHttp({});
afterAll(() => http.close());

/** What is early for linux/amd64 where experimental has these packages. */
async function lookAt(packages: Parameters<typeof makeArchive>[0], { from = sources, than = lock } = {}) {
  const { key, files } = await makeArchive(packages, { suite: 'experimental', codename: 'rc-buggy' });
  // As mirrors have it: under the suite's name, and not under the codename.
  const named = Array.from(
    files,
    ([path, body]) => [path.replace('/rc-buggy/', '/experimental/'), body] as const,
  );
  const server = await serve(new Map(named));
  onTestFinished(() => server.close());
  return earlyPackages(from, than, 'linux/amd64', {
    ...{ mirror: server.url, cache: await temporaryFolder(), http, keys: [key.trusted] },
    ...{ now: new Date('2026-11-23T12:00:00Z'), acceptExpired: false },
  });
}

test.each(['11.2.0', '11.2.0~rc1'])('QEMU %s of experimental is found, with its hash', async (version) => {
  const made = await makeEmulators('linux/amd64', version, ['arm']);
  const [found] = await lookAt([made]);
  expect(found).toMatchObject({
    ...{ channel: 'latest', suite: 'experimental', version: version.replace('~', '-') },
    locked: { package: 'qemu-user', sha256: made.described.sha256 },
  });
});

test.each(['11.1.3', '11.0.0', '11.1.3~rc2'])(
  'QEMU %s is no newer than that of the lock',
  async (version) => {
    expect(await lookAt([await makeEmulators('linux/amd64', version, ['arm'])])).toEqual([]);
  },
);

test.each([
  ['a channel', lockOf({ stable: { 'linux/amd64': '11.1.3' } })],
  ['a platform', lockOf({ latest: { 'linux/arm64': '11.1.3' } })],
])('%s that the lock lacks gets them', async (_, than) => {
  const found = await lookAt([await makeEmulators('linux/amd64', '11.0.0', ['arm'])], { than });
  expect(found.map(({ version }) => version)).toEqual(['11.0.0']);
});

test('a channel without an early suite gets none', async () => {
  const from = parseSources(JSON.stringify({ origin: 'Debian', channels: { latest: SID } }));
  expect(await lookAt([await makeEmulators('linux/amd64', '11.2.0', ['arm'])], { from })).toEqual([]);
});

test('an experimental without QEMU is nothing new', async () => {
  expect(await lookAt([await makeShell('linux/amd64')])).toEqual([]);
});

test('a Release of another suite is refused', async () => {
  const { key, files } = await makeArchive([await makeShell('linux/amd64')]);
  const named = Array.from(files, ([path, body]) => [path.replace('/sid/', '/experimental/'), body] as const);
  const server = await serve(new Map(named));
  onTestFinished(() => server.close());
  const looking = earlyPackages(sources, lock, 'linux/amd64', {
    ...{ mirror: server.url, cache: await temporaryFolder(), http, keys: [key.trusted] },
    ...{ now: new Date('2026-11-23T12:00:00Z'), acceptExpired: false },
  });
  await expect(looking).rejects.toMatchObject({ code: 'RELEASE_SUITE_MISMATCH' });
});
