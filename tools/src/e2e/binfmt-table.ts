import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The kernel's table as text: each entry's name, and what its file says. */
export type Table = Readonly<Record<string, string>>;

/** Files that are not entries. https://docs.kernel.org/admin-guide/binfmt-misc.html */
const CONTROL = new Set(['register', 'status']);

export async function readTable(folder: string): Promise<Table> {
  const names = (await readdir(folder)).filter((name) => !CONTROL.has(name)).sort();
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name), 'utf8')] as const)),
  );
}

/** Removes every entry that `before` does not have. One that it has and the table lacks cannot be made again: it is returned. */
export async function restoreTable(folder: string, before: Table): Promise<string[]> {
  const now = await readTable(folder);
  for (const name of Object.keys(now)) if (!(name in before)) await writeFile(join(folder, name), '-1');
  return Object.keys(before).filter((name) => now[name] !== before[name]);
}
