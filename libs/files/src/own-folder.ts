import type { Dirent } from 'node:fs';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { basename, join, matchesGlob, relative } from 'node:path';
import { FilesError } from './errors.ts';
import { replaceFile, TEMPORARY_PREFIX } from './replace-file.ts';

/** The contents that a folder of this project may have. */
export interface FolderContents {
  /** In the plural, such as `assets`: it is written into the mark, so that one kind of folder is not taken for another. */
  readonly kind: string;
  /**
   * Globs of its files, relative to the folder; one of an empty folder ends in a slash, and one that ends in two stars
   * takes folders too. The folders on the way to them, the mark and temporary files are implied.
   */
  readonly files: readonly string[];
}

/** The file by which a folder is known to be filled by this project. */
export const FOLDER_MARK = '.qemu-user-static';

/**
 * Makes the folder this project's own: one that is missing or empty gets the mark, one that has the mark stays as it is.
 * @throws FilesError FOLDER_FOREIGN where it contains anything else; nothing is touched then
 */
export async function claimFolder(folder: string, contents: FolderContents): Promise<void> {
  await mkdir(folder, { recursive: true });
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  // A killed run may have left the mark half-written.
  if (entries.every((entry) => entry.isFile() && isTemporary(entry.name))) {
    await replaceFile(join(folder, FOLDER_MARK), markOf(contents));
    return;
  }
  const refuse = (problem: string) => {
    throw new FilesError(
      'FOLDER_FOREIGN',
      `${folder} is not a folder of ${contents.kind} that this program made: ${problem}`,
    );
  };
  const mark = entries.find((entry) => entry.parentPath === folder && entry.name === FOLDER_MARK);
  if (!mark?.isFile() || (await readFile(join(folder, FOLDER_MARK), 'utf8')) !== markOf(contents))
    refuse(`it is not empty and does not have its mark, ${FOLDER_MARK}`);
  const foreign = entries.find((entry) => !isOwn(pathOf(folder, entry), entry.isDirectory(), contents));
  if (foreign !== undefined) refuse(`it contains ${JSON.stringify(pathOf(folder, foreign))}`);
}

/**
 * Claims the folder and removes everything in it except the mark.
 * @throws FilesError FOLDER_FOREIGN; nothing is touched then
 */
export async function emptyFolder(folder: string, contents: FolderContents): Promise<void> {
  await claimFolder(folder, contents);
  const names = (await readdir(folder)).filter((name) => name !== FOLDER_MARK);
  for (const name of names) await rm(join(folder, name), { recursive: true });
}

function markOf({ kind }: FolderContents): string {
  return `${kind}\n`;
}

function pathOf(folder: string, entry: Dirent): string {
  return relative(folder, join(entry.parentPath, entry.name));
}

function isOwn(path: string, isFolder: boolean, { files }: FolderContents): boolean {
  if (isFolder)
    return files.some((glob) => leadsTo(path, glob) || (glob.endsWith('/**') && matchesGlob(path, glob)));
  return path === FOLDER_MARK || isTemporary(basename(path)) || files.some((glob) => matchesGlob(path, glob));
}

function isTemporary(name: string): boolean {
  return name.startsWith(TEMPORARY_PREFIX);
}

/** Whether a folder is on the way to what the glob matches. */
function leadsTo(path: string, glob: string): boolean {
  const depth = path.split('/').length;
  const parts = glob.split('/');
  return depth < parts.length && matchesGlob(path, parts.slice(0, depth).join('/'));
}
