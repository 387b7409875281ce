import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type MadeCheckout, madeCheckout } from '../testing/made-checkout.ts';
import { command as context } from './context.ts';

let folder: string;
let checkout: MadeCheckout;
let output: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'context-'));
  checkout = await madeCheckout(folder);
});
afterAll(async () => {
  await checkout.environment.close();
  await rm(folder, { recursive: true });
});
beforeEach(() => {
  output = join(folder, crypto.randomUUID());
});

const write = (image = 'latest') =>
  context.run({ image, output, channel: [], platform: ['linux/amd64'] }, checkout.environment);
const paths = async () => (await readdir(output, { recursive: true })).sort();

describe('context --output', () => {
  test('is written into a new folder, and again in place of an earlier one', async () => {
    await write();
    const first = await paths();
    expect(first).toContain('emulators/usr/bin/qemu-arm-static');
    await write('register');
    expect(await paths()).not.toContain('emulators');
    await write();
    expect(await paths()).toEqual(first);
  });

  test('is refused in a folder of somebody else, and every file stays', async () => {
    await mkdir(join(output, '.git'), { recursive: true });
    await writeFile(join(output, '.git', 'HEAD'), 'ref: refs/heads/main\n');
    await writeFile(join(output, 'Dockerfile'), 'FROM mine');
    await expect(write()).rejects.toMatchObject({ code: 'FOLDER_FOREIGN' });
    expect(await paths()).toEqual(['.git', '.git/HEAD', 'Dockerfile']);
    expect(await readFile(join(output, 'Dockerfile'), 'utf8')).toBe('FROM mine');
  });

  test('is refused where a file was added to an earlier one', async () => {
    await write();
    await writeFile(join(output, 'register', 'notes.md'), 'mine');
    const before = await paths();
    await expect(write('register')).rejects.toMatchObject({ code: 'FOLDER_FOREIGN' });
    expect(await paths()).toEqual(before);
  });
});

describe('a folder with the layout of another tool', () => {
  beforeEach(async () => {
    await mkdir(join(output, 'blobs', 'sha256'), { recursive: true });
    await writeFile(join(output, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
    await writeFile(join(output, 'blobs', 'sha256', 'a'.repeat(64)), 'theirs');
  });

  test('is not built into: nothing in it is touched', async () => {
    const before = await paths();
    const name = output.slice(folder.length + 1);
    await expect(checkout.build(name)).rejects.toMatchObject({ code: 'FOLDER_FOREIGN' });
    expect(await paths()).toEqual(before);
  });
});
