import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync } from 'node:fs';
import { cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { projectFiles } from '../../repository.ts';
import type { Area } from '../areas.ts';
import type { Mutant, Status } from '../mutant.ts';
import { alterationsOf } from './mutate.ts';
import { type NoticedBy, resultsIn } from './results.ts';

/**
 * A user namespace in which nothing of the machine can be written but one folder: an altered script may forget
 * `--dry-run`, or take another folder than it was given.
 */
const ALONE = `
mount --bind "$0" "$0"
mount -o remount,bind,ro /
mount -t tmpfs tmpfs /tmp
unset TMPDIR
mount -t tmpfs tmpfs /mnt
mount -t tmpfs tmpfs /proc/sys/fs/binfmt_misc
exec "$@"
`;

/**
 * Alters the parts of the register script.
 * @param files of the area, from the root of the repository; none: all
 * @param concurrency so many parts at once
 */
export async function runShell(
  root: string,
  { folder }: Area,
  files: readonly string[],
  concurrency: number,
): Promise<Mutant[]> {
  const place = resolve(root, 'dist/mutants/register-script');
  const results = (part: string) => resolve(place, `${part.replace('/', '-')}.json`);
  const parts = await partsIn(resolve(root, folder));
  const asked = parts.filter(({ part }) => files.length === 0 || files.includes(`${folder}/${part}`));
  // The longest first: at the end, no worker waits long for another.
  const left = asked.toSorted((a, b) => b.text.length - a.text.length).values();
  const workers = Array.from({ length: Math.min(concurrency, asked.length) }, async (_, index) => {
    const copy = resolve(place, `copy-${index}`);
    await makeCopy(root, copy);
    for (const { part } of left) await alter(place, [copy, part, results(part)]);
    await rm(copy, { recursive: true, force: true });
  });
  const broken = (await Promise.allSettled(workers)).find(({ status }) => status === 'rejected');
  if (broken !== undefined) throw (broken as PromiseRejectedResult).reason;

  const all = asked.map(async ({ part, text }) => {
    const found = await resultsIn(results(part));
    return alterationsOf(text).map(
      ({ operator, line, column, before, after }): Mutant => ({
        file: `${folder}/${part}`,
        line,
        column,
        code: before,
        becomes: after,
        operator,
        status: statusOf(found?.noticed[`${line}:${column} ${operator}`]),
      }),
    );
  });
  return (await Promise.all(all)).flat();
}

async function partsIn(folder: string): Promise<{ part: string; text: string }[]> {
  const parts = globSync('*/*.sh', { cwd: folder }).sort();
  return Promise.all(
    parts.map(async (part) => ({ part, text: await readFile(resolve(folder, part), 'utf8') })),
  );
}

/** What the tests of the script use, in a folder of its own. */
async function makeCopy(root: string, copy: string): Promise<void> {
  await rm(copy, { recursive: true, force: true });
  for (const file of projectFiles(
    'apps/register',
    'libs',
    'docs',
    'tools/src/mutants',
    '*.json',
    '*.template',
  )) {
    await mkdir(dirname(resolve(copy, file)), { recursive: true });
    await cp(resolve(root, file), resolve(copy, file));
  }
  await onlyDash(resolve(copy, 'apps/register/src/testing/shells.ts'));
  await symlink(resolve(root, 'node_modules'), resolve(copy, 'node_modules'));
}

/** @param words of worker.ts in the copy */
async function alter(
  place: string,
  words: readonly [copy: string, part: string, results: string],
): Promise<void> {
  const [copy, part] = words;
  const program = resolve(copy, 'tools/src/mutants/shell/worker.ts');
  const alone = ['--user', '--map-root-user', '--mount', 'sh', '-ec', ALONE, place];
  const child = spawn('unshare', [...alone, process.execPath, program, ...words], { stdio: 'inherit' });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`the run of the alterations of ${part} broke off`);
}

function statusOf(by: NoticedBy | undefined): Status {
  if (by === undefined) return 'NoCoverage';
  return by === null ? 'Survived' : 'Killed';
}

/** The tests run the script in three shells, which takes three times as long and notices the same. */
async function onlyDash(file: string): Promise<void> {
  const text = await readFile(file, 'utf8');
  const less = text.replace(/^ *\{ name: '(?!dash').*\n/gm, '');
  if (less === text) throw new Error(`${file}: it lists no shells in lines of their own`);
  await writeFile(file, less);
}
