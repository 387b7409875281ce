import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { imageArchive } from '@qemu-user-static/oci-image';
import type { ExportOptions } from '../cli/export.ts';
import { ownPlatform } from '../images/platforms.ts';
import { platformName, readImage } from '../layouts/read-image.ts';
import { megabytes } from '../report/format.ts';
import type { Environment } from './environment.ts';
import { imageName } from './image-name.ts';
import type { Result } from './result.ts';

/** Writes one image of the layout as an archive: whole, or not at all. */
export async function exportCommand(options: ExportOptions, environment: Environment): Promise<Result> {
  const layout = { folder: options.layout };
  const platform = options.platform ?? ownPlatform();
  const image = await readImage(layout, options.image, platform);
  const name = imageName(options, environment);
  const output = resolve(options.output ?? `dist/${options.image}.tar`);
  const archive = imageArchive(layout, image.manifest, name, options.format);

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
    text: `${output}: ${name.repository}:${name.tag} for ${platformName(image)}, ${digest}, ${megabytes(size)}`,
    value: {
      file: output,
      size,
      name: `${name.repository}:${name.tag}`,
      platform: platformName(image),
      digest,
    },
  };
}
