import { resolve } from 'node:path';
import type { HostPlatform } from '@qemu-user-static/arch-table';
import { renderRegisterScript } from '@qemu-user-static/register';
import type { Environment } from '../environment.ts';
import { provenanceOf } from '../labels.ts';
import { readLock } from '../lock.ts';
import type { ImageSet } from '../publish/image-set.ts';
import { loadImages } from '../publish/load.ts';

/** The images in some layouts, which must be those of this checkout. */
export async function imagesIn(
  folders: readonly string[],
  platforms: readonly HostPlatform[],
  environment: Environment,
): Promise<ImageSet> {
  const lock = await readLock(environment.paths.lock);
  const template = await environment.template();
  const provenance = provenanceOf(lock, template, renderRegisterScript(), environment.source);
  return loadImages(
    folders.map((folder) => resolve(folder)),
    lock,
    platforms,
    { template, provenance },
  );
}
