import { BuilderError } from '../report/errors.ts';
import type { Copy, Recipe } from './dockerfile.ts';

/** One path of a build context, without its content. Paths are relative to the context's root. */
export interface ContextEntry {
  readonly path: string;
  readonly type: 'file' | 'directory' | 'symlink';
  readonly mode: number;
  readonly linkname?: string;
}

/** One path of a layer, and the context's file that fills it. */
export interface PlannedEntry {
  /** Path in the image, without leading slash. */
  readonly path: string;
  readonly type: ContextEntry['type'];
  readonly mode: number;
  readonly linkname?: string;
  /** Path in the context; null for a folder that only leads to others. */
  readonly source: string | null;
}

export interface LayerPlan {
  readonly createdBy: string;
  /** Sorted by path, every parent before its children. */
  readonly entries: readonly PlannedEntry[];
}

/**
 * Which layers a recipe makes of a context, by the rules of COPY: a folder's contents go into the target, a
 * file becomes the target or, if that ends in a slash, goes below it; folders on the way are 0755.
 * https://docs.docker.com/reference/dockerfile/#copy
 *
 * @throws BuilderError RECIPE_UNSUPPORTED for a source that is not in the context.
 */
export function planLayers(recipe: Pick<Recipe, 'copies'>, context: readonly ContextEntry[]): LayerPlan[] {
  return recipe.copies.map((copy) => {
    const planned = new Map<string, PlannedEntry>();
    for (const entry of context) {
      const path = targetOf(copy, entry);
      if (path === null || path === '') continue;
      for (const parent of parentsOf(path)) {
        if (!planned.has(parent))
          planned.set(parent, { path: parent, type: 'directory', mode: 0o755, source: null });
      }
      const { type, mode, linkname } = entry;
      planned.set(path, {
        path,
        type,
        mode,
        source: entry.path,
        ...(linkname !== undefined && { linkname }),
      });
    }
    if (planned.size === 0) {
      throw new BuilderError('RECIPE_UNSUPPORTED', `the context has nothing for: ${copy.text}`);
    }
    const entries = [...planned.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
    return { createdBy: copy.text, entries };
  });
}

/** The parts of a context; each is copied by an instruction of its own, so each is one layer. */
export const PARTS = ['register', 'emulators', 'licenses'] as const;
export type Part = (typeof PARTS)[number];

/** The part that an instruction copies. @throws BuilderError RECIPE_UNSUPPORTED */
export function partOf(copy: Copy): Part {
  const part = PARTS.find((name) => copy.from === name || copy.from.startsWith(`${name}/`));
  if (part === undefined) {
    throw new BuilderError('RECIPE_UNSUPPORTED', `COPY copies one of ${PARTS.join(', ')}: ${copy.text}`);
  }
  return part;
}

/**
 * The layer that a recipe makes of one part.
 * @throws BuilderError RECIPE_UNSUPPORTED unless exactly one instruction copies it.
 */
export function planPart(recipe: Recipe, part: Part, context: readonly ContextEntry[]): LayerPlan {
  const copies = recipe.copies.filter((copy) => partOf(copy) === part);
  const [plan, ...more] = planLayers({ copies }, context);
  if (plan === undefined || more.length > 0) {
    throw new BuilderError(
      'RECIPE_UNSUPPORTED',
      `${copies.length} COPY instructions copy ${part}/, which takes one`,
    );
  }
  return plan;
}

function targetOf(copy: Copy, entry: ContextEntry): string | null {
  if (entry.path === copy.from && entry.type !== 'directory') {
    const name = copy.from.slice(copy.from.lastIndexOf('/') + 1);
    return copy.intoFolder ? join(copy.to, name) : copy.to;
  }
  if (entry.path === copy.from) return copy.to;
  const inside = copy.from === '' ? '' : `${copy.from}/`;
  return entry.path.startsWith(inside) ? join(copy.to, entry.path.slice(inside.length)) : null;
}

function join(folder: string, rest: string): string {
  return folder === '' ? rest : `${folder}/${rest}`;
}

function parentsOf(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}
