import { mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { readLock } from '@qemu-user-static/lock';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PROJECT } from '../project-names.ts';
import { ROOT } from '../repository.ts';
import { readTable, restoreTable, type Table } from './binfmt-table.ts';
import { type Bench, type EngineForm, exactTags, FILES, REGISTERING, tagsOfForms } from './engine-forms.ts';
import { type Engine, NO_ENGINES, openEngine, removeImages } from './engines.ts';
import { ENGINES_PAGE, openTable } from './engines-page.ts';
import { BINFMT, ENGINES, LAYOUT } from './places.ts';

// Command lines of public scripts, on each engine. apps/register/src/forms.test.ts runs more of them, in a user namespace.

const SEEN = '/var/tmp/forms-e2e';
const LEAST = ['--cap-drop', 'ALL', '-v', `${BINFMT}:/binfmt_misc`];

const table = openTable('Command lines of public scripts');
const results = new Map<string, [engine: string, result: string][]>();
const lock = await readLock(resolve(ROOT, 'sources.lock.json'));
let before: Table;

/** The entries that the table did not have before, and their flags. */
async function entries(): Promise<string> {
  const added = Object.entries(await readTable(BINFMT)).filter(([name]) => !(name in before));
  if (added.length === 0) return 'no entry';
  const flags = new Map<string, number>();
  for (const [, text] of added) {
    const [, found = ''] = /^flags: (\w*)$/m.exec(text) ?? [];
    flags.set(found, (flags.get(found) ?? 0) + 1);
  }
  return Array.from(
    flags,
    ([found, count]) => `${count} ${count === 1 ? 'entry' : 'entries'}, flags: ${found || 'none'}`,
  ).join('; ');
}

describe.skipIf(NO_ENGINES !== undefined)('command lines of public scripts (root, engine)', () => {
  beforeAll(async () => {
    before = await readTable(BINFMT);
    expect(Object.keys(before).filter((name) => name.startsWith('qemu-'))).toEqual([]);
  });

  describe.each(Object.values(ENGINES))('$name', (place) => {
    let engine: Engine;
    let bench: Bench;
    const folder = join(place.root, SEEN);

    beforeAll(async () => {
      engine = openEngine(place);
      const { docker } = engine;
      for (const tag of tagsOfForms(lock)) {
        const { code, stderr } = await engine.builder('load', '--layout', LAYOUT, '--image', tag);
        expect([tag, code, stderr]).toEqual([tag, 0, expect.any(String)]);
      }
      const { code } = await docker('run', '--rm', '--privileged', PROJECT.image, '--version');
      const rights = code === 0 ? ['--privileged'] : LEAST;
      const register = (...words: string[]) => docker('run', '--rm', ...rights, ...words);
      bench = { folder, seen: SEEN, docker, register, entries, exact: exactTags(lock) };
    }, 240_000);

    afterAll(async () => {
      await restoreTable(BINFMT, before);
      await removeImages(engine);
    });

    const forms: readonly EngineForm[] = [...REGISTERING, ...FILES];
    test.each(forms)('$example', async ({ example, result }) => {
      mkdirSync(folder, { recursive: true });
      try {
        results.set(example, [...(results.get(example) ?? []), [engine.name, await result(bench)]]);
      } finally {
        rmSync(folder, { recursive: true });
        await restoreTable(BINFMT, before);
      }
    });
  });

  test('docs/engines.md has the results, in one row where the engines agree', async () => {
    for (const [example, seen] of results) {
      const different = new Set(seen.map(([, result]) => result));
      const rows = different.size === 1 ? [[seen.map(([engine]) => engine).join(', '), seen[0]?.[1]]] : seen;
      for (const [engine = '', result = ''] of rows) table.row(engine, 'linux/amd64', example, result);
    }
    await expect(await table.page()).toMatchFileSnapshot(ENGINES_PAGE);
  });
});
