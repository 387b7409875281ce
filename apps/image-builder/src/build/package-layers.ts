import type { GuestName } from '@qemu-user-static/arch-table';
import type { Layer } from '@qemu-user-static/oci-image';
import { licenseContext, sourcesFile } from '../images/context.ts';
import { planPart } from '../images/layer-plan.ts';
import type { AssembleContext, FetchedPackage, FetchedPlatform, PackageLayers } from './assembling.ts';
import { extractLayers } from './extract-layers.ts';
import { keepLayers } from './keep-layers.ts';
import { writeSmallLayer } from './small-layer.ts';

type KeptPackage = Pick<PackageLayers, 'emulators' | 'licenses' | 'leftOut'>;

/** What the layers of a package depend on apart from it. */
export interface PackageUse {
  /** Seconds since 1970: the time of the files. */
  readonly created: number;
  /** Guests that packages before it have: they are taken from there. */
  readonly known: readonly GuestName[];
}

/** The layers of one emulator each, and those of the licences. */
export async function packageLayers(
  { platform, sources }: FetchedPlatform,
  fetched: FetchedPackage,
  { created, known }: PackageUse,
  context: AssembleContext,
): Promise<PackageLayers> {
  const { recipe, compressions, turns, onEvent } = context;
  const { deb, locked, version } = fetched;
  const named = sourcesFile(locked, sources);
  // Of a further package there are images of one guest alone, which are in gzip: what no image has is not kept.
  const packings = known.length === 0 ? compressions : (['gzip'] as const);
  // The turn is taken before anything else is waited for, so that packages are read in the order in which they were asked for.
  const made = await turns.extract(() =>
    keepLayers<KeptPackage>(context, {
      // Another channel may have all of the package.
      name: `${known.length === 0 ? 'emulators' : 'further'}-${platform}-${version}`,
      inputs: [locked, named, created, recipe.copies, packings, known],
      layersOf: layersIn,
      make: async () => {
        const isWanted = (guest: GuestName) => !known.includes(guest);
        const { emulators, licenses, leftOut } = await extractLayers(
          { platform, deb: await deb(), locked, mtime: created, isWanted },
          recipe,
          context,
          onEvent,
        );
        const files = licenseContext([...licenses, named]);
        const plan = planPart(recipe, 'licenses', files);
        return {
          emulators,
          leftOut,
          licenses: await writeSmallLayer(
            { plan, files, mtime: created },
            { ...context, compressions: packings },
          ),
        };
      },
      onReuse: () => onEvent({ type: 'layers-reused', platform }),
    }),
  );
  return { ...fetched, ...made, created };
}

/** Every layer of a package. */
export function layersIn({ emulators, licenses }: KeptPackage): Layer[] {
  return [...licenses, ...emulators.map(({ layer }) => layer)];
}
