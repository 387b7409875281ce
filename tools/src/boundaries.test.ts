import { readFileSync } from 'node:fs';
import { posix, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { projectFiles, ROOT } from './repository.ts';

/** The rooms of image-builder: a room imports only rooms further down, and libraries. */
const ROOMS = [
  'commands',
  'attest',
  'publish',
  'github-release',
  'sbom',
  'track',
  'layouts',
  'release',
  'build',
  'check',
  'images',
  'report',
];

/** The imports that each kind of project may have, by the tag `type:…` in its project.json. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  'type:data': [],
  'type:lib': ['type:data', 'type:lib'],
  'type:app': ['type:data', 'type:lib', 'type:app'],
  'type:tool': ['type:data', 'type:lib', 'type:app'],
};

interface Import {
  readonly file: string;
  readonly specifier: string;
}

const IMPORT = /^(?:(?:import|export)[^;]*?\sfrom\s+|import\s+)'([^']+)';|\bimport\('([^']+)'\)/gm;

const imports: Import[] = projectFiles('apps/*.ts', 'libs/*.ts', 'tools/*.ts').flatMap((file) =>
  Array.from(
    readFileSync(resolve(ROOT, file), 'utf8').matchAll(IMPORT),
    ([, fixed, dynamic]): Import => ({ file, specifier: fixed ?? dynamic ?? '' }),
  ),
);

const isTest = (file: string) =>
  file.endsWith('.test.ts') || file.includes('/testing/') || file.includes('/bench/');
const inCode = imports.filter(({ file }) => !isTest(file));
const show = (list: readonly Import[]) => list.map(({ file, specifier }) => `${file} imports ${specifier}`);

const projectOf = (path: string) =>
  path
    .split('/')
    .slice(0, path.startsWith('tools') ? 1 : 2)
    .join('/');
const targetOf = ({ file, specifier }: Import) => posix.join(posix.dirname(file), specifier);
const isRelative = ({ specifier }: Import) => specifier.startsWith('.');

test('imports are found at all', () => {
  expect(show(imports)).toContain('apps/image-builder/src/release/pipeline.ts imports ../build/build.ts');
  expect(show(imports)).toContain('apps/image-builder/src/commands/command-line.ts imports ./release.ts');
});

test('a project is imported by its name, never by a path into it', () => {
  const sideways = imports.filter(
    (one) => isRelative(one) && projectOf(targetOf(one)) !== projectOf(one.file),
  );
  expect(show(sideways)).toEqual([]);
});

describe('rooms of image-builder', () => {
  const SOURCE = 'apps/image-builder/src/';
  const roomOf = (path: string) => path.slice(SOURCE.length).split('/')[0] ?? '';
  const ours = inCode.filter((one) => one.file.startsWith(SOURCE));

  test('are the folders that exist, and nothing else is loose but the program', () => {
    const found = new Set(
      projectFiles(`${SOURCE}*`)
        .map(roomOf)
        .filter((name) => name !== 'testing'),
    );
    expect([...found].sort()).toEqual([...ROOMS, 'main.js', 'program.test.ts', 'program.ts'].sort());
  });

  test('import only rooms further down', () => {
    const floor = (path: string) => ROOMS.indexOf(roomOf(path));
    const upwards = ours.filter((one) => {
      if (!isRelative(one) || floor(one.file) < 0) return false;
      return floor(targetOf(one)) < floor(one.file);
    });
    expect(show(upwards)).toEqual([]);
  });

  test('do not import what is for tests', () => {
    const tests = inCode.filter(({ specifier }) => /\/testing(\/|$)/.test(specifier));
    expect(show(tests.filter(({ file }) => !file.startsWith('tools/')))).toEqual([]);
  });
});

describe('projects', () => {
  const projects = projectFiles('apps/*/project.json', 'libs/*/project.json', 'tools/project.json').map(
    (file) => {
      const folder = posix.dirname(file);
      const read = (name: string) => JSON.parse(readFileSync(resolve(ROOT, folder, name), 'utf8'));
      const { tags = [] } = read('project.json') as { tags?: string[] };
      const { name } = read('package.json') as { name: string };
      return { folder, name, kind: tags.find((tag) => tag.startsWith('type:')) ?? '' };
    },
  );
  const kindOfPackage = (specifier: string) =>
    projects.find(({ name }) => `${specifier}/`.startsWith(`${name}/`));

  test.each(projects)('$folder has one kind', ({ kind }) => {
    expect(Object.keys(ALLOWED)).toContain(kind);
  });

  test.each(projects)('$folder imports only kinds that it may', ({ folder, kind }) => {
    const wrong = inCode.filter((one) => {
      if (projectOf(one.file) !== folder) return false;
      const target = kindOfPackage(one.specifier);
      return target !== undefined && !ALLOWED[kind]?.includes(target.kind);
    });
    expect(show(wrong)).toEqual([]);
  });

  test('no app imports another, except that the builder renders the register script', () => {
    const apps = projects.filter(({ kind }) => kind === 'type:app');
    const between = inCode.filter(
      ({ file, specifier }) =>
        file.startsWith('apps/') && apps.some(({ name }) => `${specifier}/`.startsWith(`${name}/`)),
    );
    expect(
      between.filter(
        ({ file, specifier }) =>
          !(file.startsWith('apps/image-builder/') && specifier === '@qemu-user-static/register'),
      ),
    ).toEqual([]);
  });
});
