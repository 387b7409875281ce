import { connectEngine } from '@qemu-user-static/container-engine';
import { imageArchive } from '@qemu-user-static/oci-image';
import { platformName, readImage } from '../layouts/read-image.ts';
import type { Environment } from './environment.ts';
import { imageName } from './image-name.ts';
import type { NamedImageOptions } from './options.ts';
import type { Result } from './result.ts';

/** Puts one image of the layout into the container engine of this machine. */
export async function loadCommand(options: NamedImageOptions, environment: Environment): Promise<Result> {
  const layout = { folder: options.layout };
  const engine = await connectEngine();
  const image = await readImage(layout, options.image, options.platform ?? engine.platform);
  const name = imageName(options, environment);
  await engine.load(imageArchive(layout, image.manifest, name, 'docker-archive'));
  const loaded = {
    name: `${name.repository}:${name.tag}`,
    platform: platformName(image),
    digest: image.manifest.digest,
    engine: engine.description,
  };
  return { text: `${loaded.name} for ${loaded.platform} is in ${loaded.engine}`, value: loaded };
}
