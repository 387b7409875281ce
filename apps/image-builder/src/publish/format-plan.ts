import type { ImageSet } from '../layouts/image-set.ts';
import { megabytes, table } from '../report/format.ts';
import { nameOf } from './destination.ts';
import type { PlannedTag, PublishPlan, TargetPlan } from './plan.ts';

/** How many tags a printed plan lists for each repository before it only counts them. */
const LISTED = 40;

/** The plan as a person reads it: what is sent where, then the tags that move. */
export function formatPlan({ targets }: PublishPlan): string {
  const counts = table([
    ['REPOSITORY', 'BLOBS', 'MANIFESTS', 'INDEXES', 'TAGS', 'TO SEND'],
    ...targets.map(targetRow),
  ]);
  return [counts, ...targets.flatMap(tagLines)].join('\n');
}

function targetRow(target: TargetPlan): string[] {
  const { blobs, manifests, indexes, tags, bytes } = target;
  const doing = (action: PlannedTag['action']) => tags.filter((tag) => tag.action === action).length;
  return [
    nameOf(target),
    counted({ upload: blobs.upload.length, mount: blobs.mount.length, there: blobs.there }),
    String(manifests.length),
    String(indexes.length),
    counted({
      create: doing('create'),
      move: doing('move'),
      leave: doing('leave'),
      refuse: doing('refuse'),
    }),
    megabytes(bytes),
  ];
}

function counted(numbers: Readonly<Record<string, number>>): string {
  const words = Object.entries(numbers).flatMap(([word, number]) =>
    number > 0 ? [`${number} ${word}`] : [],
  );
  return words.join(', ') || '–';
}

/** The tags that are refused or move; those that are new change nothing for a reader, and are only counted. */
function tagLines(target: TargetPlan): string[] {
  const doing = (action: PlannedTag['action']) => target.tags.filter((tag) => tag.action === action);
  const changes = [...doing('refuse'), ...doing('move')];
  if (changes.length === 0) return [];
  const rows = changes
    .slice(0, LISTED)
    .map(({ action, tag, was, digest }) => [action, tag, short(was ?? ''), short(digest)]);
  const hidden = changes.length - rows.length;
  return [
    '',
    `${nameOf(target)}:`,
    table([['', 'TAG', 'IS', 'SHALL BE'], ...rows]),
    ...(hidden > 0 ? [`and ${hidden} more; --json lists them`] : []),
  ];
}

/**
 * References to pin, `ghcr.io/o/q:latest@sha256:…`: the tags of images with every emulator, in each repository. The tags
 * of one compression have the same images.
 */
export function formatReferences({ targets }: PublishPlan, { tags }: Pick<ImageSet, 'tags'>): string {
  const whole = tags.filter(({ tag, contents }) => contents.kind === 'all' && !/-(?:gzip|zstd)$/.test(tag));
  return targets
    .flatMap((target) => whole.map(({ tag, digest }) => `${nameOf(target)}:${tag}@${digest}`))
    .join('\n');
}

function short(digest: string): string {
  return digest.slice(0, 'sha256:'.length + 12);
}
