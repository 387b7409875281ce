import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { $ } from 'zx';
import { ROOT } from '../repository.ts';

/** Clones a repository's last commit, this one's if no other is named, into an empty folder. */
export async function cloneInto(folder: string, repository = ROOT): Promise<void> {
  await $`git clone --quiet ${repository} ${folder}`.quiet();
}

/** What `npm ci` gives, without the time: this repository's own packages, linked. */
export async function linkPackages(checkout: string): Promise<void> {
  await mkdir(join(checkout, 'node_modules'));
  await $`cp --archive --link ${join(ROOT, 'node_modules')}/. ${join(checkout, 'node_modules')}`.quiet();
}
