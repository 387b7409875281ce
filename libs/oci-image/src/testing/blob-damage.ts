import { execFileSync } from 'node:child_process';
import { link, mkdir, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';

/** Things in the place of a layout's file: each takes its path, and damages it. */
export interface BlobDamage {
  readonly name: string;
  apply(path: string): Promise<unknown>;
}

const damage = (name: string, apply: BlobDamage['apply']): BlobDamage => ({ name, apply });

export const BLOB_DAMAGE: readonly BlobDamage[] = [
  damage('nothing', (path) => rm(path)),
  damage('an empty file', (path) => truncate(path)),
  damage('a longer file', (path) => writeFile(path, 'x', { flag: 'a' })),
  damage('other bytes', (path) => writeFile(path, 'other')),
  damage('a folder', async (path) => {
    await rm(path);
    await mkdir(path);
  }),
  damage('a FIFO that nobody writes to', async (path) => {
    await rm(path);
    execFileSync('mkfifo', [path]);
  }),
  damage('a link to the same bytes elsewhere', async (path) => {
    await rename(path, `${path}.elsewhere`);
    await symlink(`${path}.elsewhere`, path);
  }),
  damage('a link to an endless device', async (path) => {
    await rm(path);
    await symlink('/dev/zero', path);
  }),
  damage('a link to nothing', async (path) => {
    await rm(path);
    await symlink('nothing', path);
  }),
  damage('a socket', async (path) => {
    await rm(path);
    // Bound under a short name: a socket's path has at most 107 bytes.
    const short = `/tmp/${crypto.randomUUID()}`;
    const server = createServer();
    await new Promise<void>((done) => server.listen(short, done));
    await link(short, path);
    await new Promise((done) => server.close(done));
  }),
];
