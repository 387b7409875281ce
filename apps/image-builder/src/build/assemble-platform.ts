import type { Layer } from '@qemu-user-static/oci-image';
import { registerContext, sourcesFile } from '../images/context.ts';
import { planPart } from '../images/layer-plan.ts';
import {
  type AssembleContext,
  type FetchedPlatform,
  type PackageLayers,
  type PlatformLayers,
  timeOf,
} from './assembling.ts';
import { extractShell } from './extract.ts';
import { joinSets } from './joined-sets.ts';
import { keepLayers } from './keep-layers.ts';
import { packageLayers } from './package-layers.ts';
import { writeSmallLayer } from './small-layer.ts';

/** Makes the layers of a host platform, or finds those of an earlier run. */
export async function assemblePlatform(
  fetched: FetchedPlatform,
  context: AssembleContext,
): Promise<PlatformLayers> {
  const { platform, locked } = fetched;
  const [first, ...further] = fetched.packages;
  if (first === undefined) throw new RangeError(`${platform} has no package of emulators`);
  const created = timeOf([first], context);
  const own = await packageLayers(fetched, first, { created, known: [] }, context);
  const others: PackageLayers[] = [];
  for (const one of further) {
    const known = [own, ...others].flatMap(({ emulators }) => emulators.map(({ guest }) => guest));
    const layers = await packageLayers(
      fetched,
      one,
      { created: timeOf([first, one], context), known },
      context,
    );
    // Its licences would be in images that contain nothing of it.
    if (layers.emulators.length > 0) others.push(layers);
  }
  const packages = [own, ...others] as const;
  const sets = await joinSets(fetched, packages, context);
  const register = await registerLayers(fetched, created, context);
  return { platform, locked, register, packages, sets };
}

function registerLayers(
  { platform, locked, sources, shellDeb }: FetchedPlatform,
  mtime: number,
  context: AssembleContext,
): Promise<Layer[]> {
  const { recipe, script, compressions } = context;
  const named = sourcesFile(locked.shell, sources);
  return keepLayers<Layer[]>(context, {
    name: `register-${platform}-${locked.version}`,
    inputs: [locked.shell, named, mtime, recipe.copies, compressions, script],
    layersOf: (layers) => layers,
    make: async () => {
      const { program, licenses } = await extractShell(await shellDeb(), locked.shell, platform);
      const files = registerContext(script, program, [...licenses, named]);
      return writeSmallLayer({ plan: planPart(recipe, 'register', files), files, mtime }, context);
    },
  });
}
