import { execFileSync } from 'node:child_process';
import { matchesGlob } from 'node:path';
import { type Area, codeOf } from './areas.ts';

/** Files that differ from where this branch left `base`, and new ones. */
export function changedSince(root: string, base: string): string[] {
  const git = (...words: string[]) =>
    execFileSync('git', words, { cwd: root, encoding: 'utf8' }).split('\n').filter(Boolean);
  return [
    ...git('diff', '--name-only', '--diff-filter=d', '--merge-base', base, '--'),
    ...git('ls-files', '--others', '--exclude-standard'),
  ];
}

/** The area's code among some files. */
export function codeAmong(area: Area, files: readonly string[]): string[] {
  const globs = codeOf(area);
  const [wanted, unwanted] = [
    globs.filter((glob) => !glob.startsWith('!')),
    globs.filter((glob) => glob.startsWith('!')).map((glob) => glob.slice(1)),
  ];
  const matches = (file: string) => (glob: string) => matchesGlob(file, glob);
  return files.filter((file) => wanted.some(matches(file)) && !unwanted.some(matches(file)));
}
