import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  type ArchiveFormat,
  blobPath,
  type FoundImage,
  imageArchive,
  type Layout,
} from '@qemu-user-static/oci-image';
import { unpackTar } from 'modern-tar';
import { beforeEach, describe, expect, test } from 'vitest';
import { makeSmallLayout } from '../testing/small-layout.ts';
import { platformName, readImage } from './read-image.ts';

const run = promisify(execFile);
const NAME = { repository: 'somebody/tools', tag: 'all' };
const noSkopeo = spawnSync('skopeo', ['--version']).status !== 0;

let folder: string;
let layout: Layout;
let arm: FoundImage;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'image-archive-'));
  layout = await makeSmallLayout(join(folder, 'oci'), ['linux/amd64', 'linux/arm/v7']);
  arm = await readImage(layout, 'all', 'linux/arm/v7');
});

async function archive(format: ArchiveFormat): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of imageArchive(layout, arm.manifest, NAME, format)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const entriesOf = async (bytes: Buffer) =>
  new Map(
    (await unpackTar(bytes, { strict: true })).map(({ header, data }) => [
      header.name,
      Buffer.from(data ?? []).toString(),
    ]),
  );

describe('the image of a tag', () => {
  const choose = async (...[tag, platform]: [string, Parameters<typeof readImage>[2]]) =>
    platformName(await readImage(layout, tag, platform));

  test('is that of the platform', async () => {
    expect(await choose('all', 'linux/arm/v7')).toBe('linux/arm/v7');
    expect(await choose('all', 'linux/amd64')).toBe('linux/amd64');
  });

  test('is the only one it has, on any machine', async () => {
    expect(await choose('one', 'linux/s390x')).toBe('linux/amd64');
    expect(await choose('one', null)).toBe('linux/amd64');
  });

  test('is told where there is none', async () => {
    await expect(choose('al', 'linux/amd64')).rejects.toMatchObject({ code: 'IMAGE_UNKNOWN' });
    await expect(choose('all', 'linux/s390x')).rejects.toMatchObject({
      code: 'PLATFORM_UNAVAILABLE',
      message: '"all" has no linux/s390x, but linux/amd64, linux/arm/v7',
    });
    await expect(choose('all', null)).rejects.toMatchObject({ code: 'PLATFORM_UNAVAILABLE' });
  });
});

test('a damaged image hinders those who ask for a tag that has it, and no one else', async () => {
  await writeFile(blobPath(layout, arm.manifest.digest), '{}');
  await expect(readImage(layout, 'all', 'linux/amd64')).rejects.toMatchObject({ code: 'CHECK_FAILED' });
  expect(platformName(await readImage(layout, 'one', null))).toBe('linux/amd64');
});

describe('an archive', () => {
  test('is an OCI layout of that image alone', async () => {
    const entries = await entriesOf(await archive('oci-archive'));
    const { digest, size, mediaType } = arm.manifest;
    expect(JSON.parse(entries.get('index.json') ?? '')).toEqual({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: [
        {
          mediaType,
          digest,
          size,
          annotations: {
            'org.opencontainers.image.ref.name': 'all',
            'io.containerd.image.name': 'docker.io/somebody/tools:all',
          },
        },
      ],
    });
    // The manifest, its config, its layer.
    expect([...entries.keys()].filter((name) => name.startsWith('blobs/sha256/'))).toHaveLength(4);
    expect(entries.has('manifest.json')).toBe(false);
  });

  test('for Docker says the same in the words of old engines', async () => {
    const entries = await entriesOf(await archive('docker-archive'));
    const [{ Config, RepoTags, Layers }] = JSON.parse(entries.get('manifest.json') ?? '') as [
      { Config: string; RepoTags: string[]; Layers: string[] },
    ];
    expect(RepoTags).toEqual(['somebody/tools:all']);
    expect(JSON.parse(entries.get(Config) ?? '')).toMatchObject({ architecture: 'arm', variant: 'v7' });
    expect(Layers).toEqual(arm.layers.map(({ digest }) => `blobs/sha256/${digest.slice(7)}`));
  });

  test('has the same bytes each time', async () => {
    expect((await archive('docker-archive')).equals(await archive('docker-archive'))).toBe(true);
  });

  test('ends before its end where a blob is damaged', async () => {
    const [layer] = arm.layers;
    const path = blobPath(layout, layer?.digest ?? 'sha256:');
    for (const damage of ['', 'x', 'x'.repeat(layer?.size ?? 0), 'x'.repeat(100_000)]) {
      await writeFile(path, damage);
      await expect(archive('oci-archive')).rejects.toMatchObject({ code: 'BLOB_DAMAGED' });
    }
  });

  test.skipIf(noSkopeo).each(['oci-archive', 'docker-archive'] as const)(
    '%s is copied by skopeo (skopeo)',
    async (format) => {
      const file = join(folder, 'image.tar');
      await writeFile(file, await archive(format));
      const target = join(folder, 'copied');
      await run('skopeo', ['--insecure-policy', 'copy', `${format}:${file}`, `oci:${target}:all`]);
      const { stdout } = await run('skopeo', ['inspect', '--config', `oci:${target}:all`]);
      expect(JSON.parse(stdout)).toMatchObject({
        architecture: 'arm',
        rootfs: { diff_ids: arm.config.rootfs.diff_ids },
      });
    },
  );
});
