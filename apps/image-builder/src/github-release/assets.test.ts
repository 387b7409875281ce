import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { temporaryFolder } from '@qemu-user-static/debian-archive/testing';
import { formatLock } from '@qemu-user-static/lock';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { build } from '../build/build.ts';
import { loadImages } from '../layouts/load.ts';
import { contextOf, type MadeRelease, madeRelease } from '../testing/made-release.ts';
import { makeAssets } from './assets.ts';
import { planReleases, type ReleasePlan } from './plan.ts';

let made: MadeRelease;
let plan: ReleasePlan;
const folder = await mkdtemp(join(tmpdir(), 'assets-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
beforeAll(async () => {
  made = await madeRelease(folder);
  const output = join(folder, 'oci');
  await build(made.lock, made.fetched, contextOf(output));
  const set = await loadImages([output], made.proof, [], contextOf(output));
  const found = planReleases(made.lock, set).find(({ tag }) => tag === 'v10.2.2-1');
  if (found === undefined) throw new Error('no such release');
  plan = found;
});
const make = (into: string) => makeAssets(plan, formatLock(made.lock), 'linux/amd64', into);

describe('the folder of the files', () => {
  test.each([
    ['someone’s file', 'thesis.tex'],
    ['a repository', '.git/HEAD'],
    ['a file with a name like ours, without our mark', 'SHA256SUMS'],
  ])('is refused, and nothing in it is touched, if it has %s', async (_, path) => {
    const into = await temporaryFolder();
    await mkdir(join(into, path, '..'), { recursive: true });
    await writeFile(join(into, path), 'mine');
    const before = await readdir(into, { recursive: true });
    await expect(make(into)).rejects.toMatchObject({ code: 'FOLDER_FOREIGN' });
    expect(await readdir(into, { recursive: true })).toEqual(before);
    expect(await readFile(join(into, path), 'utf8')).toBe('mine');
  });

  test('is refused if someone put a file into one of ours', async () => {
    const into = join(await temporaryFolder(), 'files');
    await make(into);
    await writeFile(join(into, 'thesis.tex'), 'mine');
    await rm(join(into, '.memo'), { recursive: true });
    await expect(make(into)).rejects.toMatchObject({ code: 'FOLDER_FOREIGN' });
    expect(await readFile(join(into, 'thesis.tex'), 'utf8')).toBe('mine');
  });

  test('is filled again if a killed run left half of it, or a file has another size', async () => {
    const into = join(await temporaryFolder(), 'files');
    const whole = await make(into);
    const [archive] = whole.filter(({ name }) => name.endsWith('.tar.gz'));
    if (archive === undefined) throw new Error('no archive');
    const bytes = await readFile(archive.path);
    await writeFile(archive.path, bytes.subarray(1));
    expect(await make(into)).toEqual(whole);
    expect(await readFile(archive.path)).toEqual(bytes);
    await rm(archive.path);
    await rm(join(into, '.memo'), { recursive: true });
    await writeFile(join(into, '.partial-0123'), 'half');
    expect(await make(into)).toEqual(whole);
    expect(await readdir(into)).not.toContain('.partial-0123');
  });
});
