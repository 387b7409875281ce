import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { unpackTar } from 'modern-tar';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type ArchiveFormat,
  blobPath,
  type FoundImage,
  imageArchive,
  type Layout,
  walkLayout,
} from './index.ts';
import { alterLayout, BLOB_DAMAGE, makeSmallLayout } from './testing/index.ts';

const run = promisify(execFile);
const NAME = { repository: 'somebody/tools', tag: 'all' };
const noSkopeo = spawnSync('skopeo', ['--version']).status !== 0;

let folder: string;
let layout: Layout;
let arm: FoundImage;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'image-archive-'));
  layout = await makeSmallLayout(join(folder, 'oci'), [
    { os: 'linux', architecture: 'amd64' },
    { os: 'linux', architecture: 'arm', variant: 'v7' },
  ]);
  arm = await foundArm();
});
afterEach(() => rm(folder, { recursive: true }));

async function foundArm(): Promise<FoundImage> {
  const image = (await walkLayout(layout)).images.find(({ config }) => config.architecture === 'arm');
  if (image === undefined) throw new Error('the layout has no image for arm');
  return image;
}

async function archive(format: ArchiveFormat, name = NAME): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of imageArchive(layout, arm.manifest, name, format)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const entriesOf = async (bytes: Buffer) =>
  new Map(
    (await unpackTar(bytes, { strict: true })).map(({ header, data }) => [
      header.name,
      Buffer.from(data ?? []).toString(),
    ]),
  );

describe('an archive', () => {
  test('is an OCI layout of that image alone', async () => {
    const entries = await entriesOf(await archive('oci-archive'));
    const { digest, size, mediaType } = arm.manifest;
    expect(JSON.parse(entries.get('oci-layout') ?? '')).toEqual({ imageLayoutVersion: '1.0.0' });
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

  test.each([
    ['tools', 'docker.io/library/tools:all'],
    ['somebody/more/tools', 'docker.io/somebody/more/tools:all'],
    ['ghcr.io/somebody/tools', 'ghcr.io/somebody/tools:all'],
    ['localhost/tools', 'localhost/tools:all'],
    ['localhosts/tools', 'docker.io/localhosts/tools:all'],
    ['mylocalhost/tools', 'docker.io/mylocalhost/tools:all'],
    ['registry:5000/tools', 'registry:5000/tools:all'],
  ])('of %s has the whole name for containerd', async (repository, name) => {
    const entries = await entriesOf(await archive('oci-archive', { repository, tag: 'all' }));
    const [{ annotations }] = JSON.parse(entries.get('index.json') ?? '').manifests;
    expect(annotations['io.containerd.image.name']).toBe(name);
  });

  test('has folders and files of no time that everyone may read, and each blob once', async () => {
    await alterLayout(layout, {
      manifest: (value) => ({ ...value, layers: [...value.layers, ...value.layers] }),
    });
    arm = await foundArm();
    const entries = await unpackTar(await archive('docker-archive'), { strict: true });
    const blob = `blobs/sha256/${'0'.repeat(64)}`;
    expect(
      entries.map(({ header: { name, type, mode, mtime } }) => [
        name.replace(/[0-9a-f]{64}/, '0'.repeat(64)),
        type,
        mode,
        mtime?.getTime(),
      ]),
    ).toEqual([
      ['oci-layout', 'file', 0o644, 0],
      ['index.json', 'file', 0o644, 0],
      ['manifest.json', 'file', 0o644, 0],
      ['blobs/', 'directory', 0o755, 0],
      ['blobs/sha256/', 'directory', 0o755, 0],
      [blob, 'file', 0o644, 0],
      [blob, 'file', 0o644, 0],
      [blob, 'file', 0o644, 0],
    ]);
  });

  test('has the same bytes each time', async () => {
    expect((await archive('docker-archive')).equals(await archive('docker-archive'))).toBe(true);
  });

  test.each(BLOB_DAMAGE)('ends before its end where a layer is $name', async ({ apply }) => {
    await apply(blobPath(layout, arm.layers[0]?.digest ?? 'sha256:'));
    await expect(archive('oci-archive')).rejects.toMatchObject({
      code: expect.stringMatching(/^BLOB_(DAMAGED|MISSING)$/),
    });
  });

  test('ends before its end where a layer has other bytes of the same length', async () => {
    const [layer] = arm.layers;
    await writeFile(blobPath(layout, layer?.digest ?? 'sha256:'), 'x'.repeat(layer?.size ?? 0));
    await expect(archive('oci-archive')).rejects.toMatchObject({ code: 'BLOB_DAMAGED' });
  });

  test('is not begun for a manifest that is not one', async () => {
    await alterLayout(layout, { manifest: () => ({ schemaVersion: 2, layers: null }) });
    const { manifests } = JSON.parse(await readFile(join(layout.folder, 'index.json'), 'utf8'));
    const reading = imageArchive(layout, manifests[1], NAME, 'oci-archive').next();
    await expect(reading).rejects.toMatchObject({ code: 'DOCUMENT_INVALID' });
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
