import { printable } from '@qemu-user-static/errors';
import type { Digest, FoundImage, ReadEntry, ReadLayer } from '@qemu-user-static/oci-image';
import { GUESTS_LABEL } from '../images/labels.ts';
import type { ExpectedFile, ExpectedImage } from './expected-files.ts';

/** Problems of a layer alone. */
export function layerProblems(digest: Digest, { entries }: ReadLayer): string[] {
  const where = (problem: string) => `layer ${digest}: ${problem}`;
  const unsafe = entries.filter(
    ({ path }) => path === '' || path.startsWith('/') || path.split('/').includes('..'),
  );
  const foreign = entries.filter(({ uid, gid }) => uid !== 0 || gid !== 0);
  const extended = entries.filter(({ extended: more }) => more);
  return [
    ...repeated(entries.map(({ path }) => path)).map((path) => `${printable(path)} is in it twice`),
    ...unsafe.map(({ path }) => `the path "${printable(path)}" leaves the root`),
    ...foreign.map(({ path }) => `${printable(path)} does not belong to root`),
    ...extended.map(({ path }) => `${printable(path)} has attributes beyond those of ustar`),
  ].map(where);
}

/**
 * Problems of an image.
 * @param layers its layers, as they were read back
 * @param expected what the lock and the checkout give for its platform and version
 */
export function imageProblems(
  image: FoundImage,
  layers: readonly ReadLayer[],
  expected: ExpectedImage,
): string[] {
  const entries = layers.flatMap((layer) => layer.entries);
  const guests = (image.config.config.Labels?.[GUESTS_LABEL] ?? '')
    .split(' ')
    .filter((guest) => guest !== '');
  return [
    ...documentProblems(image, layers, expected),
    ...guestProblems(guests, entries),
    ...repeated(layers.flatMap(filesIn)).map((path) => `${path} is in two layers`),
    ...missingFiles(expected, entries, guests.length > 0).map((path) => `${path} is missing`),
    ...entries.flatMap((entry) => fileProblem(entry, expected.files.get(entry.path)) ?? []),
  ].map((problem) => printable(`image ${image.manifest.digest}: ${problem}`));
}

function documentProblems(
  { config, annotations }: FoundImage,
  layers: readonly ReadLayer[],
  { recipe }: ExpectedImage,
): string[] {
  const problems: string[] = [];
  const [found, said] = [layers.map(({ diffId }) => diffId).join(', '), config.rootfs.diff_ids.join(', ')];
  if (found !== said) problems.push(`its layers decompress to ${found}, its config names ${said}`);
  if (!same(annotations, config.config.Labels ?? {})) problems.push('its annotations are not its labels');
  const { Env, Entrypoint, Cmd, WorkingDir = '' } = config.config;
  const run = [Env ?? [], Entrypoint ?? [], Cmd ?? [], WorkingDir];
  if (!same(run, [recipe.env, recipe.entrypoint, recipe.cmd, recipe.workingDir]))
    problems.push('its config runs it otherwise than Dockerfile.template says');
  return problems;
}

/** The emulators are those that the label names. */
function guestProblems(guests: readonly string[], entries: readonly ReadEntry[]): string[] {
  const emulators = entries.flatMap(({ path }) => /^usr\/bin\/qemu-(.+)-static$/.exec(path)?.[1] ?? []);
  return [
    ...guests
      .filter((guest) => !emulators.includes(guest))
      .map((guest) => `the emulator of ${guest} is missing`),
    ...emulators
      .filter((guest) => !guests.includes(guest))
      .map((guest) => `the emulator of ${guest} is not in its label`),
  ];
}

/** Each path once; folders are in many layers. */
function filesIn({ entries }: ReadLayer): string[] {
  return [...new Set(entries.filter(({ type }) => type !== 'directory').map(({ path }) => path))];
}

/** What every image has, and with emulators what comes with them; which emulators there are says the label. */
function missingFiles(
  { files }: ExpectedImage,
  entries: readonly ReadEntry[],
  hasEmulators: boolean,
): string[] {
  const paths = new Set(entries.map(({ path }) => path));
  return Array.from(files)
    .filter(([path, { part, isParent }]) => {
      const isNeeded = part === 'register' || (part === 'licenses' && hasEmulators);
      return isNeeded && !isParent && !paths.has(path);
    })
    .map(([path]) => path);
}

function fileProblem(entry: ReadEntry, expected: ExpectedFile | undefined): string | undefined {
  const { path, type, linkname, mode, sha256 } = entry;
  if (expected === undefined) return `${path} is neither of a package of the lock nor of this checkout`;
  if (type !== expected.type) return `${path} is of type ${type}, not ${expected.type}`;
  if (linkname !== expected.linkname) return `${path} leads to ${linkname}, not to ${expected.linkname}`;
  if (mode !== expected.mode) return `${path} has mode ${octal(mode)}, not ${octal(expected.mode)}`;
  if (expected.sha256 !== null && sha256 !== expected.sha256)
    return `${path} is not that of ${expected.origin}`;
  return undefined;
}

/** QEMU's version, as an image says it. */
export function versionOf({ annotations }: FoundImage): string {
  return annotations['org.opencontainers.image.version'] ?? '';
}

/** Those that come again, as often as they do. */
function repeated(values: readonly string[]): string[] {
  const seen = new Set<string>();
  return values.filter((value) => seen.size === seen.add(value).size);
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function octal(mode: number): string {
  return mode.toString(8);
}
