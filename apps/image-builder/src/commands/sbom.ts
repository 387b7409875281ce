import { readLock } from '@qemu-user-static/lock';
import type { SbomOptions } from '../cli/sbom.ts';
import { ownPlatform } from '../images/platforms.ts';
import { platformOf } from '../layouts/parts.ts';
import { readImage } from '../layouts/read-image.ts';
import { billOfMaterials } from '../sbom/bill-of-materials.ts';
import { imageFacts } from '../sbom/image-facts.ts';
import { SBOMS } from '../sbom/sboms.ts';
import type { Environment } from './environment.ts';
import { imagesIn } from './images.ts';
import type { Result } from './result.ts';

/** One image's bill of materials, byte for byte as `attest` attaches it. @throws BuilderError as `readImage` */
export async function sbomCommand(options: SbomOptions, environment: Environment): Promise<Result> {
  const { layout, image, platform = ownPlatform(), format } = options;
  const found = await readImage({ folder: layout }, image, platform);
  const set = await imagesIn({ from: [layout], platform: [platformOf(found)], tag: [] }, environment);
  const facts = await imageFacts(set)(found.manifest.digest);
  const value = SBOMS[format].make(billOfMaterials(facts, await readLock(environment.paths.lock)));
  return { text: JSON.stringify(value), value };
}
