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
 */
export async function runShell(root: string, { folder }: Area, files: readonly string[]): Promise<Mutant[]> {
  const place = resolve(root, 'dist/mutants/register-script');
  const copy = resolve(place, 'copy');
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
  const parts = globSync('*/*.sh', { cwd: resolve(root, folder) })
    .filter((part) => files.length === 0 || files.includes(`${folder}/${part}`))
    .sort();
  const results = resolve(place, 'results.json');
  const program = resolve(copy, 'tools/src/mutants/shell/worker.ts');
  const words = ['--user', '--map-root-user', '--mount', 'sh', '-ec', ALONE, place];
  const child = spawn('unshare', [...words, process.execPath, program, copy, results, ...parts], {
    stdio: 'inherit',
  });
  const [code] = await once(child, 'exit');
  await rm(copy, { recursive: true, force: true });
  if (code !== 0) throw new Error('the run of the script’s alterations broke off');

  const found = await resultsIn(results);
  const all = parts.map(async (part) => {
    const text = await readFile(resolve(root, folder, part), 'utf8');
    return alterationsOf(text).map(
      ({ operator, line, column, before, after }): Mutant => ({
        file: `${folder}/${part}`,
        line,
        column,
        code: before,
        becomes: after,
        operator,
        status: statusOf(found[part]?.noticed[`${line}:${column} ${operator}`]),
      }),
    );
  });
  return (await Promise.all(all)).flat();
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
