import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

/** The checkout that this file is part of. */
export const ROOT = resolve(import.meta.dirname, '../..');

/** Files that are part of the project, by git: tracked ones, and new ones it does not ignore. */
export function projectFiles(...patterns: string[]): string[] {
  const listed = execFileSync(
    'git',
    ['ls-files', '--cached', '--others', '--exclude-standard', '--', ...patterns],
    { cwd: ROOT },
  );
  return listed
    .toString()
    .split('\n')
    .filter((path) => path !== '' && existsSync(resolve(ROOT, path)));
}
