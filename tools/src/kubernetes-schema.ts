import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DaemonSet } from 'kubernetes-models/apps/v1';
import { Namespace } from 'kubernetes-models/v1';
import { parseAllDocuments } from 'yaml';
import { ROOT } from './repository.ts';

/** An object of the Kubernetes API, as a manifest has it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
}

/** The objects of a file for `kubectl apply`, in its order. */
export function readManifests(text: string): Manifest[] {
  return parseAllDocuments(text).map((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw error;
    return document.toJS() as Manifest;
  });
}

/** The kinds known here. kubernetes-models makes a validator and a TypeScript type of each from the API's OpenAPI schema. */
const KINDS = {
  'v1 Namespace': { Model: Namespace, type: 'v1/Namespace' },
  'apps/v1 DaemonSet': { Model: DaemonSet, type: 'apps/v1/DaemonSet' },
} as const;

/**
 * The problems of a manifest by the schema: fields that are missing or have a wrong value, by its validator; and fields
 * that it does not know, by the compiler with its types. The validator lets those pass, `kubectl apply` does not.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#setting-the-field-validation-level
 */
export function schemaErrors(manifest: Manifest): string[] {
  const known = Object.entries(KINDS).find(([kind]) => kind === `${manifest.apiVersion} ${manifest.kind}`);
  if (known === undefined) return [`unknown kind: ${manifest.apiVersion} ${manifest.kind}`];
  const [, { Model, type }] = known;
  return [...valueErrors(manifest, Model), ...typeErrors(manifest, type)];
}

function valueErrors(manifest: Manifest, Model: new (data: never) => { validate(): void }): string[] {
  try {
    new Model(manifest as never).validate();
    return [];
  } catch (error) {
    return [(error as Error).message];
  }
}

function typeErrors(manifest: Manifest, type: string): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'manifest-'));
  try {
    const models = resolve(ROOT, `node_modules/kubernetes-models/${type}.js`);
    const source = join(folder, 'manifest.ts');
    writeFileSync(
      source,
      [
        `import type { I${manifest.kind} } from ${JSON.stringify(models)};`,
        `export const manifest: I${manifest.kind} = ${JSON.stringify(manifest, undefined, 1)};`,
        '',
      ].join('\n'),
    );
    const words = ['--ignoreConfig', '--noEmit', '--strict', '--skipLibCheck', '--pretty', 'false'];
    const tsc = resolve(ROOT, 'node_modules/.bin/tsc');
    const { status, stdout } = spawnSync(tsc, [...words, '--module', 'nodenext', source], {
      encoding: 'utf8',
    });
    return status === 0 ? [] : [stdout.trim()];
  } finally {
    rmSync(folder, { recursive: true });
  }
}
