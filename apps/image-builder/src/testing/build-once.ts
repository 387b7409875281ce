import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from '../build/build.ts';
import { contextOf, madeRelease } from './made-release.ts';

// Builds the made release in a process of its own, and prints its index.json. Events go to stderr, one word a line, before
// the work that follows them.
//
//   node apps/image-builder/src/testing/build-once.ts PACKAGES OUTPUT CACHE

const [packages = '', output = '', cache = ''] = process.argv.slice(2);
const { lock, fetched } = await madeRelease(packages);
const { layout } = await build(lock, fetched, {
  ...contextOf(output),
  cache,
  onEvent: (event) => process.stderr.write(`${event.type === 'note' ? event.text : event.type}\n`),
});
process.stdout.write(await readFile(join(layout.folder, 'index.json'), 'utf8'));
