import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@qemu-user-static/debian-archive/testing';
import { makeEmulators, makeShell } from '@qemu-user-static/lock/testing';
import { readLayer, walkLayout } from '@qemu-user-static/oci-image';
import { expect, test } from 'vitest';
import { lockMade } from '../testing/packages.ts';
import { build } from './build.ts';

// The same inputs give the same layout on every machine. What that is stands in testing/golden-layout.txt, file by
// file, so that a difference says what differs; `npm test -- --project image-builder golden -u` writes it again.

test('made packages give the layout that every machine gives', async () => {
  const folder = await temporaryFolder();
  const platform = async (name: 'linux/amd64' | 'linux/arm/v7', version: string, guests: string[]) => ({
    platform: name,
    version,
    emulators: await makeEmulators(name, version, guests),
    shell: await makeShell(name),
  });
  const made = [
    await platform('linux/amd64', '11.1.3', ['aarch64', 'arm']),
    await platform('linux/arm/v7', '10.2.2', ['arm']),
  ];
  const { lock, fetched } = await lockMade('latest', made, folder);
  const { layout } = await build(lock, fetched, {
    output: join(folder, 'oci'),
    template: await readFile(new URL('../../../../Dockerfile.template', import.meta.url), 'utf8'),
    script: '#!/bin/sh\n',
    compressions: ['gzip', 'zstd'],
    origin: { inputsOf: () => 'a'.repeat(64), source: 'https://example.org/qemu-user-static' },
    sourceDateEpoch: null,
    cache: join(folder, 'cache'),
    onEvent: () => undefined,
  });

  const { tags, images } = await walkLayout(layout);
  const lines = tags.map(({ tag, descriptor }) => `${tag} ${descriptor.digest}`);
  for (const { manifest, config, annotations, layers } of images) {
    lines.push('', `manifest ${manifest.digest}`, `  config ${JSON.stringify(config)}`);
    lines.push(`  annotations ${JSON.stringify(annotations)}`);
    for (const { digest, size, compression } of layers) {
      const { diffId, entries } = await readLayer({ layout, digest, compression });
      lines.push(`  layer ${compression} ${digest} ${size} bytes, tar ${diffId}`);
      for (const { path, type, mode, uid, gid, size: length } of entries) {
        lines.push(`    ${type} ${mode.toString(8)} ${uid}:${gid} ${length} ${path}`);
      }
    }
  }
  await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot('../testing/golden-layout.txt');
});
