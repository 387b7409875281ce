import { connectEngine } from '@qemu-user-static/container-engine';
import { imageArchive } from '@qemu-user-static/oci-image';
import { platformName } from '../images/platforms.ts';
import { readImage } from '../layouts/read-image.ts';
import { command as define } from './command.ts';
import { imageName, name, oneImage } from './options.ts';

const options = [...oneImage(), ...name()] as const;

const examples = [
  ['load', 'load latest into Docker or Podman'],
  ['load --image register', 'load another image'],
] as const;

/** Puts one image of the layout into the container engine of this machine. */
export const command = define(options, examples, async (given, environment) => {
  const layout = { folder: given.layout };
  const engine = await connectEngine();
  const image = await readImage(layout, given.image, given.platform ?? engine.platform);
  const named = imageName(given, environment);
  await engine.load(imageArchive(layout, image.manifest, named, 'docker-archive'));
  const loaded = {
    name: `${named.repository}:${named.tag}`,
    platform: platformName(image.config),
    digest: image.manifest.digest,
    engine: engine.description,
  };
  return { text: `${loaded.name} for ${loaded.platform} is in ${loaded.engine}`, value: loaded };
});
