import { cp, mkdir, readdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { formatLock, type Lock, readLock } from '@qemu-user-static/lock';
import { projectFiles, ROOT } from '../repository.ts';

/** A copy of the checkout that can be changed: a script, a package of the lock. Its dependencies are this one's. */
export interface Checkout {
  readonly folder: string;
  /** The words that run its release program. */
  readonly program: readonly string[];
  edit(path: string, change: (text: string) => string): Promise<void>;
  editLock(change: (lock: Lock) => Lock): Promise<void>;
}

const SCOPE = '@qemu-user-static';

export async function copyCheckout(folder: string): Promise<Checkout> {
  for (const path of projectFiles('.')) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await cp(resolve(ROOT, path), join(folder, path));
  }
  const modules = resolve(ROOT, 'node_modules');
  await mkdir(join(folder, 'node_modules', SCOPE), { recursive: true });
  for (const name of await readdir(modules))
    if (name !== SCOPE) await symlink(join(modules, name), join(folder, 'node_modules', name));
  // A workspace is the copy's own: its link leads to the same place in the copy.
  for (const name of await readdir(join(modules, SCOPE))) {
    const target = resolve(modules, SCOPE, await readlink(join(modules, SCOPE, name)));
    await symlink(join(folder, relative(ROOT, target)), join(folder, 'node_modules', SCOPE, name));
  }
  const lock = join(folder, 'sources.lock.json');
  return {
    folder,
    program: [process.execPath, join(folder, 'apps/image-builder/src/main.js')],
    async edit(path, change) {
      await writeFile(join(folder, path), change(await readFile(join(folder, path), 'utf8')));
    },
    editLock: async (change) => writeFile(lock, formatLock(change(await readLock(lock)))),
  };
}
