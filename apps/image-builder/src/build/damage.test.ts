import { appendFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { makeEmulators, makeShell } from '@qemu-user-static/lock/testing';
import { asOnlyWriter, blobPath, createBlob, stampsOf } from '@qemu-user-static/oci-image';
import { describe, expect, test } from 'vitest';
import { check } from '../check/check.ts';
import {
  contextFor,
  digests,
  events,
  fetched,
  folder,
  lock,
  proofFor,
  refusal,
  silent,
} from '../testing/builds.ts';
import { lockMade } from '../testing/packages.ts';
import { build } from './build.ts';

describe('damage', () => {
  const damage = async (output: string, change: (path: string) => Promise<void>) => {
    const built = await build(lock, fetched, contextFor(output));
    const layer = built.channels[0]?.platforms[0]?.sets.all.all.joined[0];
    if (layer === undefined) throw new Error('no layer');
    await change(blobPath(built.layout, layer.digest));
    return built;
  };
  const flip = async (path: string) => {
    const bytes = await readFile(path);
    bytes[100] = (bytes[100] ?? 0) ^ 1;
    await writeFile(path, bytes);
  };

  test('of a blob is repaired by the next build', async () => {
    for (const change of [flip, (path: string) => appendFile(path, 'x')]) {
      const built = await damage('repaired', change);
      const again = await build(lock, fetched, contextFor('repaired'));
      expect(digests(again)).toEqual(digests(built));
      expect(await check(again.layout, proofFor(), silent)).toMatchObject({ tags: built.tags.length });
    }
  });

  test('of a blob is reported, and what was there is not taken for sound', async () => {
    const { channels, layout } = await damage('reported', flip);
    const digest = channels[0]?.platforms[0]?.sets.all.all.joined[0]?.digest;
    events.length = 0;
    // Without a cache that has it.
    const again = await build(
      lock,
      fetched,
      contextFor('reported', { cache: join(folder, 'another-cache') }),
    );
    expect(events.filter(({ type }) => type === 'blob-damaged')).toEqual([{ type: 'blob-damaged', digest }]);
    expect(again.sound).not.toContain(digest);
    const others = [...again.blobs].filter((one) => one !== digest);
    expect([...again.sound].sort()).toEqual(others.sort());
    expect((await readdir(join(layout.folder, 'blobs', 'sha256'))).sort()).toEqual(
      [...again.blobs].map((one) => one.slice('sha256:'.length)).sort(),
    );
  });

  test('of a blob is not looked for where its stamp is trusted', async () => {
    const { channels, layout } = await damage('trusted', flip);
    const digest = channels[0]?.platforms[0]?.sets.all.all.joined[0]?.digest ?? 'sha256:';
    const stamps = await stampsOf(layout, new Set([digest]));
    const trusted = new Map(Array.from(stamps, ([one, { text }]) => [one, text]));
    expect(trusted.size).toBe(1);
    events.length = 0;
    expect((await build(lock, fetched, contextFor('trusted', { trusted }))).sound).toContain(digest);
    expect(events.filter(({ type }) => type === 'blob-damaged')).toEqual([]);
  });

  test.each<[string, (text: string) => string]>([
    ['half of it', () => '{'],
    ['another name of a field', (text) => text.replace(/"(licenses|joined)"/, '"zzzz"')],
    ['another digest', (text) => text.replace(/"diffId":"sha256:../, '"diffId":"sha256:00')],
    ['another place of a member', (text) => text.replace(/"offset":./, '"offset":1')],
  ])('of a memo, %s, does not stop a build, nor change what it makes', async (_, change) => {
    const built = await build(lock, fetched, contextFor('memo'));
    for (const name of await readdir(join(folder, 'memo', '.memo'))) {
      const path = join(folder, 'memo', '.memo', name);
      await writeFile(path, change(await readFile(path, 'utf8')));
    }
    expect(digests(await build(lock, fetched, contextFor('memo')))).toEqual(digests(built));
  });

  test('of a package ends the build, and no layout is there', async () => {
    const [channel] = fetched;
    const [platform] = channel?.platforms ?? [];
    const [emulators] = platform?.packages ?? [];
    if (platform === undefined || emulators === undefined) throw new Error('no platform');
    const bytes = await readFile(await emulators.deb());
    for (const [name, damaged] of [
      ['cut', bytes.subarray(0, -100)],
      ['longer', Buffer.concat([bytes, Buffer.from('\n\n')])],
    ] as const) {
      const path = join(folder, `${name}.deb`);
      await writeFile(path, damaged);
      const output = `deb-${name}`;
      const code = await refusal(
        build(
          lock,
          [
            {
              channel: 'latest',
              platforms: [{ ...platform, packages: [{ ...emulators, deb: async () => path }] }],
            },
          ],
          contextFor(output),
        ),
      );
      expect(code).toMatch(/^(DEB_MALFORMED|SIZE_DIFFERS|COMPRESSION_MALFORMED)$/);
      const left = await readdir(join(folder, output), { recursive: true });
      expect(left).not.toContain('index.json');
      // Nor half a layer: memory and disk of a run that is repeated would fill up.
      expect(left.filter((name) => name.includes('.partial-'))).toEqual([]);
    }
  });
});

test('damage of one platform ends the work on all: nothing is written or reported after the error', async () => {
  const [channel] = fetched;
  const [first, ...others] = channel?.platforms ?? [];
  const [emulators] = first?.packages ?? [];
  if (first === undefined || emulators === undefined) throw new Error('no platform');
  const path = join(folder, 'one-of-three.deb');
  await writeFile(path, (await readFile(await emulators.deb())).subarray(0, -100));
  const damaged = { ...first, packages: [{ ...emulators, deb: async () => path }] as const };
  const heard: string[] = [];
  const context = contextFor('one-of-three', { onEvent: ({ type }) => heard.push(type) });
  expect(
    await refusal(build(lock, [{ channel: 'latest', platforms: [damaged, ...others] }], context)),
  ).toMatch(/^(DEB_MALFORMED|SIZE_DIFFERS|COMPRESSION_MALFORMED)$/);
  const after = () => readdir(join(folder, 'one-of-three'), { recursive: true });
  const [left, reported] = [await after(), [...heard]];
  expect(left.filter((name) => name.includes('.partial-'))).toEqual([]);
  await setTimeout(200);
  expect([await after(), heard]).toEqual([left, reported]);
});

test('a build waits for nobody: a layout that another run writes is refused', async () => {
  const { layout } = await build(lock, fetched, contextFor('busy'));
  const before = await readFile(join(layout.folder, 'index.json'), 'utf8');
  await asOnlyWriter(layout.folder, async () => {
    expect(await refusal(build(lock, fetched, contextFor('busy')))).toBe('LAYOUT_BUSY');
  });
  expect(await readFile(join(layout.folder, 'index.json'), 'utf8')).toBe(before);
});

test('blobs that no tag needs are removed', async () => {
  const { layout, blobs } = await build(lock, fetched, contextFor('stray'));
  const stray = await createBlob(layout);
  await stray.write(Buffer.from('of an earlier release'));
  const { digest } = await stray.commit();
  await build(lock, fetched, contextFor('stray'));
  const left = await readdir(join(layout.folder, 'blobs', 'sha256'));
  expect(left).not.toContain(digest.slice('sha256:'.length));
  expect(left).toHaveLength(blobs.size);
});

describe('emulators that are not what they should be end the build', () => {
  const buildWith = async (emulators: Awaited<ReturnType<typeof makeEmulators>>, output: string) => {
    const made = {
      platform: 'linux/amd64',
      version: '11.1.3',
      emulators,
      shell: await makeShell('linux/amd64'),
    } as const;
    const one = await lockMade('latest', [made], folder);
    return { ...one, work: build(one.lock, one.fetched, contextFor(output)) };
  };

  test('programs for another host', async () => {
    const { work } = await buildWith(await makeEmulators('linux/arm64', '11.1.3', ['arm']), 'wrong-host');
    await expect(work).rejects.toMatchObject({
      code: 'EMULATOR_INVALID',
      message: expect.stringContaining('usr/bin/qemu-arm for linux/amd64'),
    });
  });

  test('one that is not executable', async () => {
    const more = [{ path: './usr/bin/qemu-mips', body: 'x', header: { mode: 0o644 } }];
    const { work } = await buildWith(
      await makeEmulators('linux/amd64', '11.1.3', ['arm'], more),
      'not-executable',
    );
    expect(await refusal(work)).toBe('EMULATOR_INVALID');
  });

  test('a package without any', async () => {
    const { work } = await buildWith(await makeEmulators('linux/amd64', '11.1.3', []), 'none');
    expect(await refusal(work)).toBe('PACKAGE_CONTENT_MISSING');
  });
});
