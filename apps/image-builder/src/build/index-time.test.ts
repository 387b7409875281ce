import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@qemu-user-static/debian-archive/testing';
import { expect, test } from 'vitest';
import { loadImages } from '../layouts/load.ts';
import { contextOf, madeRelease } from '../testing/made-release.ts';
import { build } from './build.ts';

const CREATED = 'org.opencontainers.image.created';

test('an index has the time of its newest image, whatever the order of its platforms', async () => {
  for (const newest of ['linux/amd64', 'linux/arm64'] as const) {
    const folder = await temporaryFolder();
    const { lock, fetched, proof } = await madeRelease(folder);
    const { latest } = structuredClone(lock).channels;
    const one = latest?.platforms[newest];
    if (latest === undefined || one === undefined) throw new Error('no platform');
    const later = '2026-12-24T18:00:00Z';
    const changed = {
      ...lock,
      channels: {
        latest: { ...latest, platforms: { ...latest.platforms, [newest]: { ...one, released: later } } },
      },
    };
    const channels = fetched.map((channel) => ({
      ...channel,
      platforms: channel.platforms.map((platform) =>
        platform.platform === newest
          ? { ...platform, packages: platform.packages.map((one) => ({ ...one, released: later })) }
          : platform,
      ),
    }));
    const output = join(folder, 'oci');
    await build(changed, channels, contextOf(output));
    const set = await loadImages([output], { ...proof, lock: changed }, [], contextOf(output));
    const timeOf = (name: string) => {
      const tag = set.tags.find((found) => found.tag === name);
      const bytes = tag && set.documents.get(tag.digest)?.bytes;
      return JSON.parse(Buffer.from(bytes ?? '').toString()).annotations[CREATED];
    };
    expect(timeOf('11.1.3')).toBe(later);
    expect(timeOf('10.2.2')).toBe(lock.channels.latest?.platforms['linux/arm/v7']?.released);
    await rm(folder, { recursive: true });
  }
});
