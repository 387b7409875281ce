import { expect, test } from 'vitest';
import { assembleImage, assembleIndex, digestOf, type Layer, timestamp } from './index.ts';

const layer: Layer = {
  compression: 'gzip',
  digest: digestOf('blob'),
  size: 4,
  diffId: digestOf('tar'),
  createdBy: 'COPY register/ /',
};
const run = {
  env: ['QEMU_BIN_DIR=/usr/bin'],
  entrypoint: ['/register'],
  cmd: [],
  labels: { b: '2', a: '1' },
};
const image = assembleImage(
  { architecture: 'arm', os: 'linux', variant: 'v7' },
  [layer],
  run,
  1_793_347_681,
  { b: '2', a: '1' },
);
const parse = (bytes: Uint8Array) => JSON.parse(Buffer.from(bytes).toString());

test('a config says how to run the image, and of which layers it is made', () => {
  expect(parse(image.config.bytes)).toEqual({
    created: '2026-10-30T08:08:01Z',
    architecture: 'arm',
    os: 'linux',
    variant: 'v7',
    config: { Env: ['QEMU_BIN_DIR=/usr/bin'], Entrypoint: ['/register'], Labels: { a: '1', b: '2' } },
    rootfs: { type: 'layers', diff_ids: [layer.diffId] },
    history: [{ created: '2026-10-30T08:08:01Z', created_by: 'COPY register/ /' }],
  });
});

test('a manifest points at its config and layers', () => {
  expect(parse(image.manifest.bytes)).toEqual({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: image.config.descriptor,
    layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: layer.digest, size: 4 }],
    annotations: { a: '1', b: '2' },
  });
  expect(image.config.descriptor).toMatchObject({
    digest: digestOf(image.config.bytes),
    size: image.config.bytes.length,
  });
});

test('labels come in one order, whatever order they were given in', () => {
  const again = assembleImage(
    { architecture: 'arm', os: 'linux', variant: 'v7' },
    [layer],
    { ...run, labels: { a: '1', b: '2' } },
    1_793_347_681,
    { a: '1', b: '2' },
  );
  expect(again.manifest.descriptor).toEqual(image.manifest.descriptor);
  expect(Buffer.from(again.config.bytes).toString()).toContain('"Labels":{"a":"1","b":"2"}');
  expect(Buffer.from(again.manifest.bytes).toString()).toContain('"annotations":{"a":"1","b":"2"}');
});

test('an index lists manifests in the order given', () => {
  const zstd = {
    ...image.manifest.descriptor,
    annotations: { 'io.github.containers.compression.zstd': 'true' },
  };
  const index = assembleIndex([image.manifest.descriptor, zstd], {});
  expect(parse(index.bytes).manifests).toEqual([image.manifest.descriptor, zstd]);
});

test('times are RFC 3339 in UTC', () => {
  expect(timestamp(0)).toBe('1970-01-01T00:00:00Z');
});

test('a config has the words and the folder of a call where the image has them, and nothing in place of others', () => {
  const configOf = (change: Partial<Parameters<typeof assembleImage>[2]>) =>
    parse(
      assembleImage({ architecture: 'arm', os: 'linux' }, [layer], { ...run, ...change }, 0, {}).config.bytes,
    ).config;
  expect(configOf({ cmd: ['-p', 'yes'], workingDir: '/usr' })).toMatchObject({
    Entrypoint: ['/register'],
    Cmd: ['-p', 'yes'],
    WorkingDir: '/usr',
  });
  expect(Object.keys(configOf({ entrypoint: [], workingDir: '' }))).toEqual(['Env', 'Labels']);
});
