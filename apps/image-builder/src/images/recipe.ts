import mustache from 'mustache';
import { parseDockerfile, type Recipe } from './dockerfile.ts';

/** What Dockerfile.template can ask for. */
export interface TemplateView {
  /** Whether the image has emulators: the `:register` images have none. */
  readonly emulators: boolean;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * How an image is made: Dockerfile.template with its values filled in, parsed.
 * @throws BuilderError RECIPE_UNSUPPORTED
 */
export function recipeOf(template: string, view: Partial<TemplateView> = {}): Recipe {
  return parseDockerfile(renderTemplate(template, { emulators: true, labels: {}, ...view }));
}

/** Dockerfile.template with its values filled in. Values of `{{…}}` come quoted for a Dockerfile. */
export function renderTemplate(template: string, view: TemplateView): string {
  const labels = Object.entries(view.labels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => ({ name, value }));
  return mustache.render(template, { ...view, labels }, {}, { escape: quote });
}

/** A double-quoted word: only backslash, quote and dollar mean something inside. */
function quote(value: unknown): string {
  return `"${String(value).replace(/[\\"$]/g, '\\$&')}"`;
}
