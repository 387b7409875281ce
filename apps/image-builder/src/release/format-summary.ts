import { formatSmoke } from '../check/smoke.ts';
import { DEFAULT_CHANNEL } from '../images/tag-stems.ts';
import { megabytes, megabytesRange, table, wrapped } from '../report/format.ts';
import type { PlatformSummary, Summary, TagSummary } from './summary.ts';

/** Columns of a terminal that nobody has made wider. */
const WIDTH = 80;

/**
 * The summary as a person reads it: what was made and where, each host, the tags with every guest, and what can be done
 * with it. `--json` has every tag.
 *
 * @param layout the folder, as a person would type it
 */
export function formatSummary({ tags, platforms, notes, check, smoke }: Summary, layout: string): string {
  const ran =
    check.ran === null
      ? 'No emulator was run: none is for this machine.'
      : `${check.ran.emulators} emulators run on ${check.ran.platform}.`;
  const smoked =
    smoke.length === 0 ? ['Not tried on a container engine: none answers.'] : smoke.map(formatSmoke);
  return [
    `${layout}: ${check.tags} tags, ${check.images} images, ${check.layers} layers, ${megabytes(check.bytes)}, checked`,
    ran,
    ...smoked,
    '',
    table([
      ['CHANNEL', 'HOST', 'QEMU', 'GUESTS', 'GZIP', 'ZSTD'],
      ...platforms.map((one) => platformRow(one, tags)),
    ]),
    '',
    formatTags(tags),
    ...(notes.length === 0 ? [] : ['', ...notes.map((note) => wrapped(`note: ${note}`, WIDTH))]),
    '',
    'Next:',
    '  npx --no image-builder load                       put latest into the engine',
    '  npx --no image-builder publish --repository NAME  compare with a registry',
  ].join('\n');
}

/** The tags of whole sets, of `common` and of `register`; those of one guest are counted. */
function formatTags(tags: readonly TagSummary[]): string {
  const isPlain = ({ tag }: TagSummary) => !/-(?:zstd|gzip)$/.test(tag);
  const shown = tags.filter((one) => isPlain(one) && isWhole(one));
  const guests = tags.filter(
    ({ tag, contents }) => tag === contents && contents !== 'register' && contents !== 'common',
  );
  const rows = [...shown].sort((a, b) => placeOf(a) - placeOf(b)).map(tagRow);
  const others = tags.length - shown.length;
  const sizes = megabytesRange(
    guests.flatMap(({ platforms }) => platforms.flatMap(({ gzip }) => gzip ?? [])),
  );
  return [
    table([['TAG', 'HOSTS', 'GUESTS', 'GZIP', 'ZSTD', 'DIGEST'], ...rows]),
    ...(guests.length === 0
      ? []
      : [`and ${guests.length} images of one guest, ${sizes} each, such as ${guests[0]?.tag}`]),
    ...(others === 0 ? [] : [`${others} more tags: --json lists them`]),
  ].join('\n');
}

function isWhole({ tag, contents }: TagSummary): boolean {
  return contents === 'all' || tag === 'common' || tag === 'register';
}

/** `latest` is what most people look for, then the other channels, the smaller images, and versions. */
function placeOf({ tag, contents }: TagSummary): number {
  if (tag === DEFAULT_CHANNEL) return 0;
  if (/^\d/.test(tag)) return 3;
  return contents === 'all' ? 1 : 2;
}

function tagRow({ tag, platforms, digest }: TagSummary): string[] {
  const numbers = [...new Set(platforms.map(({ guests }) => guests))].sort((a, b) => b - a);
  return [
    tag,
    String(platforms.length),
    numbers.join(', '),
    megabytesRange(platforms.flatMap(({ gzip }) => gzip ?? [])),
    megabytesRange(platforms.flatMap(({ zstd }) => zstd ?? [])),
    digest.slice(0, 'sha256:'.length + 12),
  ];
}

function platformRow(
  { channel, platform, version, guests }: PlatformSummary,
  tags: readonly TagSummary[],
): string[] {
  const sizes = tags.find(({ tag }) => tag === channel)?.platforms.find((one) => one.platform === platform);
  const size = (bytes: number | null | undefined) => megabytesRange(bytes == null ? [] : [bytes]);
  // A channel's tag may have guests of other packages too.
  const count = sizes?.guests ?? guests.length;
  return [channel, platform, version, String(count), size(sizes?.gzip), size(sizes?.zstd)];
}
