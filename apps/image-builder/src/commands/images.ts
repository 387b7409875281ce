import { resolve } from 'node:path';
import type { HostPlatform } from '@qemu-user-static/arch-table';
import type { Environment } from '../environment.ts';
import { readLock } from '../lock.ts';
import type { ImageSet } from '../publish/image-set.ts';
import { loadImages } from '../publish/load.ts';

/** The images in some layouts, which must be those of this checkout. */
export async function imagesIn(
  folders: readonly string[],
  platforms: readonly HostPlatform[],
  environment: Environment,
): Promise<ImageSet> {
  const { lock, revision } = await readLock(environment.paths.lock);
  const template = await environment.template();
  const provenance = { revision, source: environment.source };
  return loadImages(
    folders.map((folder) => resolve(folder)),
    lock,
    platforms,
    { template, provenance },
  );
}
