import { Option } from '@commander-js/extra-typings';
import { readLock } from '@qemu-user-static/lock';
import { hostPlatformOf, ownPlatform } from '../images/platforms.ts';
import { readImage } from '../layouts/read-image.ts';
import { billOfMaterials } from '../sbom/bill-of-materials.ts';
import { imageFacts } from '../sbom/image-facts.ts';
import { SBOM_FORMATS, SBOMS, type SbomFormat } from '../sbom/sboms.ts';
import { command as define } from './command.ts';
import { imagesIn } from './images.ts';
import { archive, oneImage } from './options.ts';

const options = [
  new Option('--format <name>', 'output format: cyclonedx (1.6) or spdx (2.3)')
    .choices(SBOM_FORMATS)
    .default<SbomFormat>('cyclonedx'),
  ...oneImage(),
  ...archive(),
] as const;

const examples = [
  ['sbom', 'CycloneDX of image latest'],
  ['sbom --image aarch64 --format spdx', 'SPDX of another image'],
] as const;

/** One image's bill of materials, byte for byte as `attest` attaches it. @throws BuilderError as `readImage` */
export const command = define(options, examples, async (given, environment) => {
  const { layout, image, platform = ownPlatform(), format } = given;
  const found = await readImage({ folder: layout }, image, platform);
  const set = await imagesIn(
    { layout: [layout], platform: [hostPlatformOf(found.config)], tag: [] },
    environment,
  );
  const facts = await imageFacts(set)(found.manifest.digest);
  const value = SBOMS[format].make(billOfMaterials(facts, await readLock(environment.paths.lock)));
  return { text: JSON.stringify(value) };
});
