import mustache from 'mustache';

/** What Dockerfile.template can ask for. */
export interface TemplateView {
  /** Whether the image has emulators: the `:register` images have none. */
  readonly emulators: boolean;
  readonly labels: Readonly<Record<string, string>>;
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
