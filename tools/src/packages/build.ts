import { execFile } from 'node:child_process';
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { repositoryAddress } from '@qemu-user-static/image-builder/repository';
import { PROJECT } from '../project-names.ts';
import { ROOT } from '../repository.ts';

// Makes what npm gets of a library in dist/packages: compiled JavaScript with types, README and licence, and a
// package.json of its own. In the workspace a library stays TypeScript that nobody builds, and private.
//
//   node tools/src/packages/build.ts libs/arch-table

interface Manifest {
  readonly version: string;
  readonly description?: string;
  readonly keywords?: readonly string[];
  readonly license: string;
}

/** Where the package of a library is made. */
export const packageFolder = (library: string) => resolve(ROOT, 'dist/packages', basename(library));

/** @param library its folder, from the repository's root */
async function build(library: string): Promise<void> {
  const folder = packageFolder(library);
  await rm(folder, { recursive: true, force: true });
  const tsc = resolve(ROOT, 'node_modules/.bin/tsc');
  await promisify(execFile)(tsc, ['-p', join(library, 'tsconfig.build.json')], { cwd: ROOT });
  await writeFile(join(folder, 'package.json'), await manifestOf(library));
  await cp(resolve(ROOT, library, 'README.md'), join(folder, 'README.md'));
  await cp(resolve(ROOT, 'LICENSE'), join(folder, 'LICENSE'));
}

/** The scope is the owner of the repository, so that a fork publishes under its own name. */
async function manifestOf(library: string): Promise<string> {
  const read = async (path: string) => JSON.parse(await readFile(resolve(ROOT, path), 'utf8'));
  const { version, description, keywords, license }: Manifest = await read(join(library, 'package.json'));
  const address = await repositoryAddress(resolve(ROOT, 'package.json'));
  const manifest = {
    name: `${PROJECT.scope}/${basename(library)}`,
    ...{ version, description, keywords, license },
    repository: { type: 'git', url: `git+${address}.git`, directory: library },
    type: 'module',
    sideEffects: false,
    exports: { '.': { types: './lib/index.d.ts', default: './lib/index.js' } },
    files: ['lib'],
    publishConfig: { access: 'public', provenance: true },
  };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

if (import.meta.main) await build(process.argv[2] ?? '');
