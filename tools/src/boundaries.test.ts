import { readFileSync } from 'node:fs';
import { posix, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { projectFiles, ROOT } from './repository.ts';

interface Import {
  readonly file: string;
  readonly specifier: string;
}

const imports: Import[] = projectFiles('apps/*.ts', 'libs/*.ts', 'tools/*.ts').flatMap((file) => {
  const text = readFileSync(resolve(ROOT, file), 'utf8');
  const found = text.matchAll(/^(?:(?:import|export)[^;]*?\sfrom\s+|import\s+)'([^']+)';/gm);
  return Array.from(found, ([, specifier = '']) => ({ file, specifier }));
});
const isTest = ({ file }: Import) =>
  file.endsWith('.test.ts') || file.includes('/testing') || file.includes('/bench/');
const workspaceOf = (path: string) =>
  path
    .split('/')
    .slice(0, path.startsWith('tools') ? 1 : 2)
    .join('/');
const told = (list: Import[]) => list.map(({ file, specifier }) => `${file} imports ${specifier}`);

test('imports are found at all', () => {
  expect(told(imports)).toContain('apps/image-builder/src/release/pipeline.ts imports ../build/build.ts');
});

test('arch-table imports nothing but itself', () => {
  const foreign = imports.filter(
    (one) => one.file.startsWith('libs/arch-table/') && !isTest(one) && !one.specifier.startsWith('./'),
  );
  expect(told(foreign)).toEqual([]);
});

test('no library imports an app or a tool', () => {
  const apps = projectFiles('apps/*/package.json', 'tools/package.json').map(
    (path) => (JSON.parse(readFileSync(resolve(ROOT, path), 'utf8')) as { name: string }).name,
  );
  const upwards = imports.filter(
    (one) => one.file.startsWith('libs/') && apps.some((app) => one.specifier.startsWith(app)),
  );
  expect(told(upwards)).toEqual([]);
});

test('a workspace is imported by its name, never by a path into it', () => {
  const sideways = imports.filter(({ file, specifier }) => {
    const target = specifier.startsWith('.') ? posix.join(posix.dirname(file), specifier) : file;
    return workspaceOf(target) !== workspaceOf(file);
  });
  expect(told(sideways)).toEqual([]);
});

test('no app imports another, but the builder takes the register script', () => {
  const names = imports.filter(
    ({ file, specifier }) => file.startsWith('apps/') && specifier === '@qemu-user-static/register',
  );
  expect(names.every(({ file }) => file.startsWith('apps/image-builder/'))).toBe(true);
  expect(
    told(
      imports.filter(
        ({ file, specifier }) => file.startsWith('apps/register/') && specifier.includes('image-builder'),
      ),
    ),
  ).toEqual([]);
});
