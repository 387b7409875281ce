import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { claimFolder, emptyFolder, FOLDER_MARK, type FolderContents } from './index.ts';

const CONTENTS: FolderContents = { kind: 'drawings', files: ['index.txt', 'pages/*/page-*.txt', 'empty/'] };

let base: string;
let folder: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'own-folder-'));
  folder = join(base, 'out', 'drawings');
});
afterEach(() => rm(base, { recursive: true }));

/** Every path of the folder, and what its files hold. */
async function tree(): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const read = entries.map(async (entry) => {
    const path = join(entry.parentPath, entry.name);
    const text = entry.isFile() ? await readFile(path, 'utf8') : entry.isDirectory() ? 'folder' : 'other';
    return [path.slice(folder.length + 1), text] as const;
  });
  return Object.fromEntries((await Promise.all(read)).sort());
}

async function fill(): Promise<void> {
  await mkdir(join(folder, 'pages', 'a'), { recursive: true });
  await writeFile(join(folder, 'pages', 'a', 'page-1.txt'), 'one');
  await writeFile(join(folder, 'index.txt'), 'index');
}

describe('a folder is claimed', () => {
  test('that does not exist yet', async () => {
    await claimFolder(folder, CONTENTS);
    expect(await tree()).toEqual({ [FOLDER_MARK]: 'drawings\n' });
  });

  test('where it is empty', async () => {
    await mkdir(folder, { recursive: true });
    await claimFolder(folder, CONTENTS);
    expect(await readdir(folder)).toEqual([FOLDER_MARK]);
  });

  test('where a killed run left the mark half-written', async () => {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, '.partial-0123'), 'draw');
    await claimFolder(folder, CONTENTS);
    expect(await tree()).toMatchObject({ [FOLDER_MARK]: 'drawings\n' });
  });

  test('again, and keeps what is in it', async () => {
    await claimFolder(folder, CONTENTS);
    await fill();
    const before = await tree();
    await claimFolder(folder, CONTENTS);
    expect(await tree()).toEqual(before);
  });

  test('and emptied, where all that it holds is its own', async () => {
    await claimFolder(folder, CONTENTS);
    await fill();
    await writeFile(join(folder, 'pages', '.partial-0123'), 'half');
    await mkdir(join(folder, 'empty'));
    await emptyFolder(folder, CONTENTS);
    expect(await tree()).toEqual({ [FOLDER_MARK]: 'drawings\n' });
  });
});

const FOREIGN: [string, () => Promise<unknown>][] = [
  ['has files and no mark', fill],
  [
    'has the mark of another kind of folder',
    async () => {
      await fill();
      await writeFile(join(folder, FOLDER_MARK), 'paintings\n');
    },
  ],
  [
    'has a link in place of the mark',
    async () => {
      await fill();
      await writeFile(join(base, 'mark'), 'drawings\n');
      await symlink(join(base, 'mark'), join(folder, FOLDER_MARK));
    },
  ],
  [
    'has another file beside its own',
    async () => {
      await claimFolder(folder, CONTENTS);
      await fill();
      await writeFile(join(folder, 'notes.md'), 'mine');
    },
  ],
  [
    'has another file between its own',
    async () => {
      await claimFolder(folder, CONTENTS);
      await fill();
      await writeFile(join(folder, 'pages', 'a', 'notes.md'), 'mine');
    },
  ],
  [
    'has an empty folder that is not its own',
    async () => {
      await claimFolder(folder, CONTENTS);
      await mkdir(join(folder, 'photos'));
    },
  ],
  [
    'has a file in a folder that is to be empty',
    async () => {
      await claimFolder(folder, CONTENTS);
      await mkdir(join(folder, 'empty'));
      await writeFile(join(folder, 'empty', 'notes.md'), 'mine');
    },
  ],
  [
    'has a folder with the name of one of its files',
    async () => {
      await claimFolder(folder, CONTENTS);
      await mkdir(join(folder, 'index.txt'));
    },
  ],
  [
    'has a link in place of one of its folders',
    async () => {
      await claimFolder(folder, CONTENTS);
      await mkdir(join(base, 'photos'));
      await symlink(join(base, 'photos'), join(folder, 'pages'));
    },
  ],
];

describe.each(FOREIGN)('a folder that %s', (_, make) => {
  test.each([claimFolder, emptyFolder])('is refused by %o, and nothing in it is touched', async (work) => {
    await mkdir(folder, { recursive: true });
    await make();
    const before = await tree();
    await expect(work(folder, CONTENTS)).rejects.toMatchObject({ code: 'FOLDER_FOREIGN' });
    expect(await tree()).toEqual(before);
  });
});

test('the error names the folder, the kind and a foreign file', async () => {
  await claimFolder(folder, CONTENTS);
  await writeFile(join(folder, 'notes\u001b[2J.md'), 'mine');
  await expect(claimFolder(folder, CONTENTS)).rejects.toThrow(
    `${folder} is not a folder of drawings that this program made: it contains "notes\\u001b[2J.md"`,
  );
});

test('a file in place of the folder is a failure of the file system', async () => {
  await mkdir(join(base, 'out'));
  await writeFile(folder, 'mine');
  await expect(claimFolder(folder, CONTENTS)).rejects.toMatchObject({ syscall: expect.any(String) });
  expect(await readFile(folder, 'utf8')).toBe('mine');
});
