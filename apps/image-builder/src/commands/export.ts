import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Option } from '@commander-js/extra-typings';
import { ARCHIVE_FORMATS, type ArchiveFormat, imageArchive } from '@qemu-user-static/oci-image';
import { ownPlatform, platformName } from '../images/platforms.ts';
import { readImage } from '../layouts/read-image.ts';
import { megabytes } from '../report/format.ts';
import { command as define } from './command.ts';
import { imageName, name, oneImage } from './options.ts';

const options = [
  new Option('--format <name>', 'docker-archive is read by old and new Docker Engines, Podman and skopeo')
    .choices(ARCHIVE_FORMATS)
    .default<ArchiveFormat>('docker-archive'),
  new Option('--output <file>', 'archive to write (default: dist/IMAGE.tar)'),
  ...oneImage(),
  ...name(),
] as const;

const examples = [
  ['export --image aarch64', 'write dist/aarch64.tar'],
  ['export --format oci-archive', 'an archive for skopeo and Podman'],
] as const;

/** Writes one image of the layout as an archive: whole, or not at all. */
export const command = define(options, examples, async (given, environment) => {
  const layout = { folder: given.layout };
  const platform = given.platform ?? ownPlatform();
  const image = await readImage(layout, given.image, platform);
  const named = imageName(given, environment);
  const output = resolve(given.output ?? `dist/${given.image}.tar`);
  const archive = imageArchive(layout, image.manifest, named, given.format);

  await mkdir(dirname(output), { recursive: true });
  const temporary = `${output}.${process.pid}.partial`;
  try {
    await pipeline(Readable.from(archive, { objectMode: false }), createWriteStream(temporary));
    await rename(temporary, output);
  } finally {
    await rm(temporary, { force: true });
  }
  const { size } = await stat(output);
  const { digest } = image.manifest;
  return {
    text: `${output}: ${named.repository}:${named.tag} for ${platformName(image.config)}, ${digest}, ${megabytes(size)}`,
    value: {
      file: output,
      size,
      name: `${named.repository}:${named.tag}`,
      platform: platformName(image.config),
      digest,
    },
  };
});
