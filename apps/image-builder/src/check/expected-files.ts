import { hash } from 'node:crypto';
import { emulatorOf, GUEST_NAMES, type HostPlatform } from '@qemu-user-static/arch-table';
import type { EmulatorPackage, LockedPackage } from '@qemu-user-static/lock';
import {
  type ContextFile,
  emulatorEntry,
  licenseContext,
  registerContext,
  sourcesFile,
} from '../images/context.ts';
import type { Recipe } from '../images/dockerfile.ts';
import { type Part, partOf, planLayers } from '../images/layer-plan.ts';
import { recipeOf } from '../images/recipe.ts';
import type { PackageContents, Proof } from './proof.ts';

/** A path as every image has to have it that has it at all. */
export interface ExpectedFile {
  readonly type: string;
  readonly mode: number;
  /** Of a link: where it leads. Empty otherwise. */
  readonly linkname: string;
  /** Of the content; null without content. */
  readonly sha256: string | null;
  /** Where the content is from, such as `qemu-user 1:11.1.3+ds-1`. */
  readonly origin: string;
  readonly part: Part;
  /** Whether it is only a folder on the way to others. */
  readonly isParent: boolean;
}

/** The packages of a host platform's images. */
export interface ExpectedImage {
  readonly recipe: Recipe;
  /** By path in the image. */
  readonly files: ReadonlyMap<string, ExpectedFile>;
}

interface Source {
  readonly sha256: string;
  readonly origin: string;
}

/** The packages that images are made from. */
export interface ImagePackages {
  /** A guest is of the first that has it. */
  readonly emulators: readonly EmulatorPackage[];
  readonly shell: LockedPackage;
}

/** Everything that the images of a host platform may have in them, out of their packages by the recipe. */
export async function expectedImage(
  platform: HostPlatform,
  made: ImagePackages,
  { lock, template, script, packages }: Proof,
): Promise<ExpectedImage> {
  const [contents, shell] = await Promise.all([
    Promise.all(made.emulators.map(({ locked }) => packages.contentsOf(locked))),
    packages.shellOf(made.shell, platform),
  ]);
  // Contents that come from a package. The emulators' are stand-ins: their hashes are known, they themselves are not read.
  const sources = new Map<Uint8Array, Source>();
  const from = (
    content: Uint8Array,
    { package: name, version }: LockedPackage,
    sha256: string,
  ): Uint8Array => {
    sources.set(content, { sha256, origin: `${name} ${version}` });
    return content;
  };
  for (const content of [shell.program, ...shell.licenses.map(({ text }) => text)])
    from(content, made.shell, hash('sha256', content));
  const context = new Map<string, ContextFile>();
  const add = (file: ContextFile) => context.has(file.path) || context.set(file.path, file);
  registerContext(script, shell.program, [...shell.licenses, sourcesFile(made.shell, lock.sources)]).forEach(
    add,
  );
  for (const [index, { locked }] of made.emulators.entries()) {
    const emulators: PackageContents = contents[index] ?? new Map();
    const standIn = (sha256: string) => from(new Uint8Array(), locked, sha256);
    const licenses = Array.from(emulators)
      .filter(([path]) => /^usr\/share\/doc\/[^/]+\/copyright$/.test(path))
      .map(([path, sha256]) => ({ path, text: standIn(sha256) }));
    licenseContext([...licenses, sourcesFile(locked, lock.sources)]).forEach(add);
    emulatorFiles(locked, emulators, standIn).forEach(add);
  }
  const recipe = recipeOf(template);
  return { recipe, files: filesOf(recipe, [...context.values()], sources) };
}

function emulatorFiles(
  locked: LockedPackage,
  contents: PackageContents,
  standIn: (sha256: string) => Uint8Array,
): ContextFile[] {
  return GUEST_NAMES.filter((guest) => emulatorOf(guest) === guest).flatMap((guest) => {
    const sha256 = contents.get(locked.files.replace('{guest}', guest));
    return sha256 === undefined ? [] : [{ ...emulatorEntry(guest), content: standIn(sha256) }];
  });
}

function filesOf(
  recipe: Recipe,
  context: readonly ContextFile[],
  sources: ReadonlyMap<Uint8Array, Source>,
): Map<string, ExpectedFile> {
  const contents = new Map(context.map(({ path, content }) => [path, content]));
  const files = new Map<string, ExpectedFile>();
  for (const copy of recipe.copies) {
    const [plan] = planLayers({ copies: [copy] }, context);
    for (const { path, type, mode, linkname = '', source } of plan?.entries ?? []) {
      const content = contents.get(source ?? '') ?? new Uint8Array();
      const { sha256, origin } = sources.get(content) ?? {
        sha256: hash('sha256', content),
        origin: 'this checkout',
      };
      const isFile = type === 'file';
      const isParent = source === null;
      files.set(path, {
        type,
        mode,
        linkname,
        sha256: isFile ? sha256 : null,
        origin,
        part: partOf(copy),
        isParent,
      });
    }
  }
  return files;
}
