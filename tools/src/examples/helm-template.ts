import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

/** The names that a template may use. https://helm.sh/docs/chart_template_guide/builtin_objects/ */
interface Context {
  readonly Values: Readonly<Record<string, unknown>>;
  readonly Chart: Readonly<Record<string, unknown>>;
  readonly Release: { readonly Name: string; readonly Namespace: string; readonly Service: 'Helm' };
}

/**
 * The output of a chart's template that uses only `{{ .Path }}` and `{{ toJson .Path }}`, of which Helm makes the same.
 * @throws Error for anything else in it, and for a path without a value
 */
export function renderTemplate(
  chart: string,
  template: string,
  values: Readonly<Record<string, unknown>> = {},
): string {
  const yaml = (file: string) => parse(readFileSync(join(chart, file), 'utf8')) as Record<string, unknown>;
  // Helm writes the fields of Chart.yaml with a capital.
  const fields = Object.entries(yaml('Chart.yaml')).map(([name, value]) => [
    name.replace(/^./, (letter) => letter.toUpperCase()),
    value,
  ]);
  const context: Context = {
    Values: { ...yaml('values.yaml'), ...values },
    Chart: Object.fromEntries(fields),
    Release: { Name: 'emulators', Namespace: 'kube-system', Service: 'Helm' },
  };
  return readFileSync(join(chart, 'templates', template), 'utf8').replace(
    /\{\{(.*?)\}\}/gs,
    (action, inside: string) => {
      const [, json, path] = /^ (toJson )?((?:\.[A-Za-z]+)+) $/.exec(inside) ?? [];
      if (path === undefined) throw new Error(`not known here: ${action}`);
      const value = path
        .slice(1)
        .split('.')
        .reduce<unknown>((object, name) => (object as Record<string, unknown> | undefined)?.[name], context);
      if (value === undefined) throw new Error(`no value: ${action}`);
      if (json !== undefined) return JSON.stringify(value);
      if (typeof value === 'object') throw new Error(`Go prints it as no YAML: ${action}`);
      return String(value);
    },
  );
}
