import { cp, mkdir, readdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { $ } from 'zx';
import { ROOT } from '../repository.ts';

/** Clones a repository's last commit, this one's if no other is named, into an empty folder. */
export async function cloneInto(folder: string, repository = ROOT): Promise<void> {
  await $`git clone --quiet ${repository} ${folder}`.quiet();
}

/** The result of `npm ci`, without the time: links to this repository's packages, but the project's own are the checkout's. */
export async function linkPackages(checkout: string): Promise<void> {
  const [from, to] = [join(ROOT, 'node_modules'), join(checkout, 'node_modules')];
  await mkdir(to);
  for (const name of await readdir(from)) {
    // Of links to places beside them.
    const isOwn = name === '.bin' || name === '@qemu-user-static';
    if (isOwn) await cp(join(from, name), join(to, name), { recursive: true, verbatimSymlinks: true });
    else if (name !== '.cache') await symlink(join(from, name), join(to, name));
  }
}
