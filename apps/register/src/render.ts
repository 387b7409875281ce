import { readFileSync } from 'node:fs';
import { shellCpuNames, shellTable } from './table.ts';

/** The hand-written parts, in the order they stand in the script. */
const part = (name: string) =>
  readFileSync(new URL(`./script/${name}.sh`, import.meta.url), 'utf8').trimEnd();

/** The program inside the images: one POSIX shell script, the table and the logic apart. */
export function renderRegisterScript(): string {
  return `${[part('head'), shellTable(), shellCpuNames(), part('main')].join('\n\n')}\n`;
}
