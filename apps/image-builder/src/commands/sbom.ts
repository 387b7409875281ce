import type { SbomOptions } from '../cli/sbom.ts';
import { readImage } from '../engine/read-image.ts';
import type { Environment } from '../environment.ts';
import { readLock } from '../lock.ts';
import { ownPlatform } from '../own-platform.ts';
import { platformOf } from '../publish/parts.ts';
import { billOfMaterials } from '../supply-chain/bill-of-materials.ts';
import { imageFacts } from '../supply-chain/image-facts.ts';
import { SBOMS } from '../supply-chain/sboms.ts';
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
