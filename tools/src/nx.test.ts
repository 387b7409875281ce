import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, posix, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { projectFiles, ROOT } from './repository.ts';
import { cloneInto, linkPackages } from './workflows/checkout.ts';

// Nx as the projects' files set it up: what it knows of each project, and whether its cache can be believed.

const execute = promisify(execFile);
const folder = await mkdtemp(join(tmpdir(), 'nx-test-'));
afterAll(() => rm(folder, { recursive: true }));

/** Runs Nx, with nothing in its environment but what is given and where programs are. */
async function nx(words: readonly string[], env: Readonly<Record<string, string>> = {}, cwd = ROOT) {
  const program = resolve(ROOT, 'node_modules/nx/dist/bin/nx.js');
  const PATH = `${join(ROOT, 'node_modules/.bin')}:${process.env.PATH}`;
  const { stdout } = await execute(process.execPath, [program, ...words], {
    cwd,
    env: { PATH, HOME: folder, ...env },
    maxBuffer: 1 << 26,
  });
  return stdout;
}

interface Project {
  readonly name: string;
  readonly data: { readonly root: string; readonly projectType: string; readonly tags: readonly string[] };
}
let projects: Project[];
let dependencies: Record<string, readonly { readonly target: string }[]>;

beforeAll(async () => {
  const file = join(folder, 'graph.json');
  await nx(['graph', `--file=${file}`]);
  const { graph } = JSON.parse(await readFile(file, 'utf8'));
  projects = Object.values(graph.nodes);
  dependencies = graph.dependencies;
});

const typeOf = (name: string) =>
  projects.find((project) => project.name === name)?.data.tags.find((tag) => tag.startsWith('type:'));

describe('each project', () => {
  test('has the type of its folder; only apps are applications', () => {
    const described = projects.map(({ data: { root, projectType, tags } }) => [
      dirname(root),
      projectType,
      ...tags.filter((tag) => tag.startsWith('type:')),
    ]);
    const kinds = new Set(described.map((words) => words.join(' ')));
    expect([...kinds].sort()).toEqual([
      '. library type:tool',
      'apps application type:app',
      'libs library type:data',
      'libs library type:lib',
    ]);
  });

  test('takes only what lies below it: nx graph shows one direction', () => {
    const below: Record<string, readonly string[]> = {
      'type:tool': ['type:app', 'type:lib', 'type:data'],
      // The builder puts the register program into its images.
      'type:app': ['type:app', 'type:lib', 'type:data'],
      'type:lib': ['type:lib', 'type:data'],
      'type:data': [],
    };
    const arrows = Object.entries(dependencies).flatMap(([from, list]) =>
      list.map(({ target }) => ({ from, target })),
    );
    const upwards = arrows.filter(
      ({ from, target }) => !below[typeOf(from) ?? '']?.includes(typeOf(target) ?? ''),
    );
    expect(arrows).toContainEqual({ from: 'image-builder', target: 'register' });
    expect(upwards).toEqual([]);
  });
});

/** Variables that change no result: where programs and settings of a user are, and what tests set themselves. */
const WITHOUT_EFFECT = new Set([
  ...['PATH', 'HOME', 'VITEST', 'DEBIAN_FRONTEND', 'NX_DRY_RUN', 'QEMU_BIN_DIR', 'TMPDIR', 'MUTANTS_TESTS'],
  ...['DOCKER_CONFIG', 'REGISTRY_AUTH_FILE', 'REGISTRY_HOST', 'COSIGN_PASSWORD'],
]);

/** Environment variables that a text reads, off an object that is named like one. */
function variablesIn(text: string): string[] {
  const places = 'process\\.env|environment|variables|env';
  const single = text.matchAll(
    new RegExp(`(?<![.\\w])(?:${places})\\??\\.([A-Z][A-Z0-9_]+|[a-z]+_proxy)\\b`, 'g'),
  );
  const several = text.matchAll(
    new RegExp(`\\{([A-Z0-9_, ]+)\\}(?: = |: )(?:${places}|NodeJS\\.ProcessEnv)\\b`, 'g'),
  );
  return [
    ...Array.from(single, ([, name = '']) => name),
    ...Array.from(several, ([, names = '']) => names.split(',').map((name) => name.trim())).flat(),
  ];
}

const ALL_FILES = new Set(projectFiles());

/** Files outside a project that a source file of it names by a path. */
function outsideFiles(path: string, root: string): string[] {
  const text = readFileSync(resolve(ROOT, path), 'utf8');
  const places = Array.from(text.matchAll(/'((?:\.\.\/)*\.\.(?:\/[^'\s]*)?)'/g), ([, place = '']) =>
    posix.join(posix.dirname(path), place),
  );
  const named = places.filter((place) => ALL_FILES.has(place) && !place.startsWith(`${root}/`));
  // The root itself: files are named behind it.
  const inRoot = places.includes('.')
    ? Array.from(text.matchAll(/'([\w.-]+)'/g), ([, name = '']) => name).filter((name) => ALL_FILES.has(name))
    : [];
  return [...named, ...inRoot];
}

describe('a cached result of tests is that of the same', () => {
  const inputsOf = async (project: string) =>
    JSON.parse(await nx(['show', 'target', 'inputs', `${project}:test`, '--json'])) as {
      files: string[];
      environment?: string[];
      runtime?: string[];
    };
  let inputs: Map<string, Awaited<ReturnType<typeof inputsOf>>>;
  beforeAll(async () => {
    const found = projects.map(async ({ name }) => [name, await inputsOf(name)] as const);
    inputs = new Map(await Promise.all(found));
  });

  test('environment: every variable that code or tests read', () => {
    const files = projectFiles('apps/*.ts', 'libs/*.ts', 'tools/*.ts', 'vitest.config.ts');
    const names = files
      .filter((path) => !path.includes('/bench/') && !path.includes('/workflows/'))
      .flatMap((path) => variablesIn(readFileSync(resolve(ROOT, path), 'utf8')))
      .filter((name) => !WITHOUT_EFFECT.has(name) && !name.startsWith('GITHUB_') && !name.startsWith('GH_'));
    expect(names).toEqual(expect.arrayContaining(['OFFLINE', 'KILLS', 'E2E_AFTER', 'DEBIAN_MIRROR']));
    for (const { environment } of inputs.values())
      expect([...new Set(names)].filter((name) => !environment?.includes(name))).toEqual([]);
  });

  test('machine: the programs that tests are skipped without', () => {
    for (const { runtime } of inputs.values())
      expect(runtime).toContain('node_modules/.bin/node tools/src/test-needs.ts');
  });

  test('files: every one outside the project that its code or tests name', () => {
    const missing = projects.flatMap(({ name, data: { root } }) => {
      const outside = projectFiles(`${root}/*.ts`).flatMap((path) => outsideFiles(path, root));
      const given = new Set(inputs.get(name)?.files);
      return outside.filter((path) => !given.has(path)).map((path) => `${name} reads ${path}`);
    });
    expect(missing).toEqual([]);
    expect(outsideFiles('apps/image-builder/src/publish/faults.test.ts', 'apps/image-builder')).toEqual([
      'docs/publish.md',
    ]);
  });

  test('the runner: what every project is tested by', () => {
    for (const { files } of inputs.values())
      expect(files).toEqual(
        expect.arrayContaining(['vitest.config.ts', 'tools/src/test.ts', 'package-lock.json']),
      );
  });

  test('so what was tested offline is tested again online, and found again by who is offline', async () => {
    const checkout = join(folder, 'checkout');
    await cloneInto(checkout);
    await linkPackages(checkout);
    const cached = async (env: Record<string, string>) =>
      (await nx(['test', 'errors'], env, checkout)).includes('read the output from the cache');
    expect(await cached({ OFFLINE: '1' })).toBe(false);
    expect(await cached({})).toBe(false);
    expect(await cached({ OFFLINE: '1' })).toBe(true);
    expect(await cached({})).toBe(true);
  });
});

describe('a command of image-builder as a target', () => {
  test('shows its own help behind --, and Nx’s without it', async () => {
    const target = ['run', 'image-builder:tag'];
    expect(await nx([...target, '--', '--help'])).toContain('Usage: image-builder tag [options]');
    expect(await nx([...target, '--help'])).toContain('nx:run-commands');
  });

  test('takes options', async () => {
    const printed = await nx(['run', 'image-builder:tag', '--channel=stable', '--json']);
    expect(printed).toContain('"channel": "stable"');
  });
});
