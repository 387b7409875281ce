import { hash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import {
  blobPath,
  createBlob,
  createLayout,
  digestOf,
  END_OF_ARCHIVE,
  type Layout,
  tarEntry,
} from '@qemu-user-static/oci-image';
import { unpackTar } from 'modern-tar';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { makeAssets } from './assets.ts';
import type { Binary, ReleasePlan } from './plan.ts';

const folder = await mkdtemp(join(tmpdir(), 'assets-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

const LOCK = '{"a lock":1}\n';
const CREATED = Date.parse('2026-10-30T08:08:01Z') / 1000;
let layout: Layout;
let plan: ReleasePlan;

/** The layer of one emulator. */
async function binary(
  platform: Binary['platform'],
  guest: Binary['guest'],
  program: string,
): Promise<Binary> {
  const content = Buffer.from(program);
  const path = `usr/bin/qemu-${guest}-static`;
  const entries = [
    ...tarEntry({ path: 'usr/bin', type: 'directory', mode: 0o755, size: 0 }, new Uint8Array(), CREATED),
    ...tarEntry({ path, type: 'file', mode: 0o755, size: content.length }, content, CREATED),
  ];
  const blob = await createBlob(layout);
  await blob.write(gzipSync(Buffer.concat([...entries, END_OF_ARCHIVE])));
  const layer = { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', ...(await blob.commit()) };
  return { platform, guest, layout, layer, created: CREATED };
}
beforeAll(async () => {
  layout = await createLayout(join(folder, 'oci'));
  const binaries = [
    await binary('linux/amd64', 'arm', 'arm on amd64'),
    await binary('linux/amd64', 'aarch64', 'aarch64 on amd64'),
    await binary('linux/arm64', 'arm', 'arm on arm64'),
  ];
  const images = [{ tag: '11.1.3-1', digest: digestOf('image'), manifests: [] }];
  plan = { tag: 'v11.1.3-1', version: '11.1.3', channel: 'latest', isLatest: true, binaries, images };
});

let into: string;
beforeEach(async () => {
  into = join(await mkdtemp(join(folder, 'into-')), 'files');
});
const make = (change: Partial<ReleasePlan> = {}, plain: Binary['platform'] = 'linux/amd64', lock = LOCK) =>
  makeAssets({ ...plan, ...change }, { lock, conformance: '{}\n' }, plain, into);
const visible = async () => (await readdir(into)).filter((name) => !name.startsWith('.')).sort();
const inode = async (name: string) => (await stat(join(into, name))).ino;

describe('the files of a release', () => {
  test('are an archive for each host, those of one host also without its name, and what describes them', async () => {
    const assets = await make();
    const names = [
      'aarch64_qemu-arm-static.tar.gz',
      'conformance.json',
      'images.json',
      'qemu-aarch64-static',
      'qemu-aarch64-static.tar.gz',
      'qemu-arm-static',
      'qemu-arm-static.tar.gz',
      'sources.lock.json',
      'x86_64_qemu-aarch64-static.tar.gz',
      'x86_64_qemu-arm-static.tar.gz',
      'SHA256SUMS',
    ];
    expect(assets.map(({ name }) => name)).toEqual(names);
    expect(await visible()).toEqual([...names].sort());
    for (const { name, path, size, sha256 } of assets) {
      const bytes = await readFile(join(into, name));
      expect([path, size, sha256]).toEqual([join(into, name), bytes.length, hash('sha256', bytes)]);
    }
    const sums = assets.slice(0, -1).map(({ name, sha256 }) => `${sha256}  ${name}\n`);
    expect(await readFile(join(into, 'SHA256SUMS'), 'utf8')).toBe(sums.join(''));
    expect(await readFile(join(into, 'sources.lock.json'), 'utf8')).toBe(LOCK);
    expect(JSON.parse(await readFile(join(into, 'images.json'), 'utf8'))).toEqual({
      version: '11.1.3',
      images: plan.images,
    });
  });

  test('have the programs as the layers have them', async () => {
    await make();
    expect(await readFile(join(into, 'qemu-arm-static'), 'utf8')).toBe('arm on amd64');
    expect(await readFile(join(into, 'qemu-aarch64-static'), 'utf8')).toBe('aarch64 on amd64');
    const archive = await readFile(join(into, 'aarch64_qemu-arm-static.tar.gz'));
    const entries = await unpackTar(gunzipSync(archive), { strict: true });
    expect(entries.map(({ header, data }) => [header, Buffer.from(data ?? '').toString()])).toEqual([
      [
        expect.objectContaining({
          name: 'qemu-arm-static',
          mode: 0o755,
          type: 'file',
          mtime: new Date(CREATED * 1000),
        }),
        'arm on arm64',
      ],
    ]);
    expect(await readFile(join(into, 'qemu-arm-static.tar.gz'))).toEqual(
      await readFile(join(into, 'x86_64_qemu-arm-static.tar.gz')),
    );
  });

  test('without the plain host have no plain names', async () => {
    const assets = await make({}, 'linux/riscv64');
    expect(assets.map(({ name }) => name).filter((name) => name.startsWith('qemu-'))).toEqual([]);
  });
});

describe('made again, they', () => {
  test('stay where nothing has changed', async () => {
    const first = await make();
    const before = await inode('qemu-arm-static');
    expect(await make()).toEqual(first);
    expect(await inode('qemu-arm-static')).toBe(before);
  });

  test('stay where only the lock has changed, which is written', async () => {
    await make();
    const before = await inode('qemu-arm-static');
    await make({}, 'linux/amd64', '{"another":1}\n');
    expect(await inode('qemu-arm-static')).toBe(before);
    expect(await readFile(join(into, 'sources.lock.json'), 'utf8')).toBe('{"another":1}\n');
  });

  test.each<[string, () => Promise<unknown>, string]>([
    ['with another host that is plain', () => make({}, 'linux/arm64'), 'arm on arm64'],
    [
      'with another emulator',
      async () => make({ binaries: [await binary('linux/amd64', 'arm', 'a newer one')] }),
      'a newer one',
    ],
  ])('are others %s, and nothing of before is left', async (_, again, program) => {
    await make();
    await again();
    expect(await readFile(join(into, 'qemu-arm-static'), 'utf8')).toBe(program);
    expect(await visible()).not.toContain('qemu-aarch64-static');
  });

  test.each<[string, () => Promise<unknown>]>([
    ['cut', () => truncate(join(into, 'qemu-arm-static'), 3)],
    ['removed', () => rm(join(into, 'qemu-arm-static'))],
  ])('are written again where one was %s, and half a file of a killed run goes', async (_, damage) => {
    const first = await make();
    await damage();
    await writeFile(join(into, '.partial-0123'), 'half');
    expect(await make()).toEqual(first);
    expect(await readFile(join(into, 'qemu-arm-static'), 'utf8')).toBe('arm on amd64');
    expect(await readdir(into)).not.toContain('.partial-0123');
  });

  test('are written again where a killed run left no account of them', async () => {
    const first = await make();
    await rm(join(into, '.memo'), { recursive: true });
    expect(await make()).toEqual(first);
  });
});

describe('a layer', () => {
  test('with other bytes ends it', async () => {
    const damaged = await binary('linux/amd64', 'mips', 'mips');
    const path = blobPath(layout, damaged.layer.digest);
    await writeFile(path, gzipSync('other'));
    await expect(make({ binaries: [damaged] })).rejects.toMatchObject({
      code: 'CHECK_FAILED',
      message: `blob ${damaged.layer.digest} of ${layout.folder} does not have its digest`,
    });
    expect(await visible()).toEqual([]);
  });

  test('without the emulator ends it', async () => {
    const [first] = plan.binaries;
    if (first === undefined) throw new Error('no binary');
    await expect(make({ binaries: [{ ...first, guest: 'mips' }] })).rejects.toMatchObject({
      code: 'CHECK_FAILED',
      message: `blob ${first.layer.digest} has no qemu-mips-static`,
    });
  });
});

describe('the folder of the files', () => {
  test.each([
    ['someone’s file', 'thesis.tex'],
    ['a repository', '.git/HEAD'],
    ['a file with a name like ours, without our mark', 'SHA256SUMS'],
  ])('is refused, and nothing in it is touched, if it has %s', async (_, path) => {
    await mkdir(join(into, path, '..'), { recursive: true });
    await writeFile(join(into, path), 'mine');
    const before = await readdir(into, { recursive: true });
    await expect(make()).rejects.toMatchObject({ code: 'FOLDER_FOREIGN' });
    expect(await readdir(into, { recursive: true })).toEqual(before);
    expect(await readFile(join(into, path), 'utf8')).toBe('mine');
  });

  test('is refused if someone put a file into one of ours', async () => {
    await make();
    await writeFile(join(into, 'thesis.tex'), 'mine');
    await rm(join(into, '.memo'), { recursive: true });
    await expect(make()).rejects.toMatchObject({ code: 'FOLDER_FOREIGN' });
    expect(await readFile(join(into, 'thesis.tex'), 'utf8')).toBe('mine');
  });
});
