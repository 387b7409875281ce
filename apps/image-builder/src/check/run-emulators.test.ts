import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { emulatorPackagesOf } from '@qemu-user-static/lock';
import { makeProgram } from '@qemu-user-static/lock/testing';
import {
  createBlob,
  createLayout,
  END_OF_ARCHIVE,
  type FoundImage,
  type Layout,
  tarEntry,
} from '@qemu-user-static/oci-image';
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  onTestFinished,
  test,
  vi,
} from 'vitest';
import { lock } from '../testing/builds.ts';
import { openProgramFolder, runEmulators } from './run-emulators.ts';

const [own] = emulatorPackagesOf(lock, 'latest', 'linux/amd64');
if (own === undefined) throw new Error('the lock has no linux/amd64');

let folder: string;
let layout: Layout;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'run-emulators-'));
  layout = await createLayout(join(folder, 'oci'));
});
afterAll(() => rm(folder, { recursive: true }));

/** An image whose one layer has the files. */
async function imageWith(files: Readonly<Record<string, Uint8Array | string>>): Promise<FoundImage> {
  const parts = Object.entries(files).flatMap(([path, text]) => {
    const content = Buffer.from(text);
    return tarEntry({ path, type: 'file', mode: 0o755, size: content.length }, content, 0);
  });
  const blob = await createBlob(layout);
  await blob.write(gzipSync(Buffer.concat([...parts, END_OF_ARCHIVE])));
  const { digest, size } = await blob.commit();
  return { layers: [{ digest, size, compression: 'gzip' }] } as unknown as FoundImage;
}

const RIGHT = `qemu-arm version 11.1.3 (Debian ${own.locked.source.version})`;
const shell = (...lines: string[]) => ['#!/bin/sh', ...lines, ''].join('\n');

describe('an emulator', () => {
  const PATH = 'usr/bin/qemu-arm-static';
  const problemOf = async (program: Uint8Array | string, patience?: number) => {
    let ran = 0;
    const image = await imageWith({ 'bin/busybox': 'never run', [PATH]: program });
    const runs = await runEmulators(layout, image, () => own, {
      memory: folder,
      onRun: () => ran++,
      ...(patience !== undefined && { patience }),
    });
    expect([runs.map(({ path }) => path), ran]).toEqual([[PATH], 1]);
    return runs[0]?.problem;
  };

  test.each([
    ['the version of the lock', RIGHT],
    ['a later one of the same source package', RIGHT.replace('11.1.3 ', '11.1.3.9 ')],
  ])('that prints %s has no problem', async (_, line) => {
    expect(await problemOf(shell(`[ "$1" = --version ] && echo '${line}' && echo more`))).toBeNull();
  });

  test.each([
    ['that prints another version', `qemu-arm version 11.1.2 (Debian ${own.locked.source.version})`],
    ['that prints the version of another package', 'qemu-arm version 11.1.3 (Debian 1:11.1.3-0)'],
    ['that prints the right version in its second line', `other\n${RIGHT}`],
    ['that prints the version with more behind it', RIGHT.replace('11.1.3 ', '11.1.30 ')],
    ['that prints nothing', ''],
  ])('%s is reported with the line and the version of the lock', async (_, printed) => {
    expect(await problemOf(shell(`cat <<'END'\n${printed}\nEND`))).toBe(
      `it prints "${printed.split('\n')[0]}", the lock has 11.1.3 (Debian ${own.locked.source.version})`,
    );
  });

  test('whose line writes to the terminal is reported without doing so', async () => {
    expect(await problemOf(shell("printf 'a\\033[2Jb\\n'"))).toContain('it prints "a\\u{1b}[2Jb"');
  });

  test.each([
    ['that crashes', shell(`echo '${RIGHT}'`, 'kill -SEGV $$'), 'it does not run: it ended by SIGSEGV'],
    [
      'that fails',
      shell(`echo '${RIGHT}'`, 'echo oh no >&2', 'exit 3'),
      'it does not run: it ended with status 3, oh no',
    ],
  ])('%s is reported, whatever it printed', async (_, program, problem) => {
    expect(await problemOf(program)).toBe(problem);
  });

  test('that does not end, and ignores what asks it to, is ended', async () => {
    expect(await problemOf(shell("trap '' TERM", 'exec sleep 600'), 100)).toBe(
      'it does not run: it ended by SIGKILL',
    );
  });

  test('that prints without end is ended', async () => {
    expect(await problemOf(shell('exec yes'))).toBe('it does not run: stdout maxBuffer length exceeded');
  });

  test('of no package is reported, and does not run', async () => {
    const image = await imageWith({ [PATH]: shell(`: >${folder}/unknown`) });
    const context = { memory: folder, onRun: () => undefined };
    expect(await runEmulators(layout, image, () => undefined, context)).toEqual([
      { path: PATH, problem: 'it is of no package of the lock' },
    ]);
    expect(await readdir(folder)).not.toContain('unknown');
  });

  test('that is not a program for this machine is reported', async () => {
    const other = process.arch === 'arm64' ? 'linux/amd64' : 'linux/arm64';
    expect(await problemOf(makeProgram(other, RIGHT))).toMatch(/^it does not run: /);
  });

  test('leaves nothing in the temporary folder', async () => {
    vi.stubEnv('TMPDIR', folder);
    await problemOf(shell(`echo '${RIGHT}'`));
    vi.unstubAllEnvs();
    expect((await readdir(folder)).filter((name) => name.startsWith('qemu-user-static-check-'))).toEqual([]);
  });
});

test('every emulator of an image runs, and nothing else', async () => {
  const image = await imageWith({
    'usr/bin/qemu-arm-static': shell(`echo '${RIGHT}'`),
    'usr/bin/other': shell(`: >${folder}/ran`),
    'usr/bin/qemu-mips-static': shell('exit 1'),
  });
  const runs = await runEmulators(layout, image, () => own, { memory: folder, onRun: () => undefined });
  expect(runs).toEqual([
    { path: 'usr/bin/qemu-arm-static', problem: null },
    { path: 'usr/bin/qemu-mips-static', problem: 'it does not run: it ended with status 1' },
  ]);
  expect(await readdir(folder)).not.toContain('ran');
});

test('each emulator is compared with the package of its guest', async () => {
  const image = await imageWith({
    'usr/bin/qemu-arm-static': shell(`echo '${RIGHT}'`),
    'usr/bin/qemu-x86_64-static': shell(`echo '${RIGHT.replace('11.1.3', '11.1.30')}'`),
  });
  const asked: string[] = [];
  const packageOf = (guest: string) => {
    asked.push(guest);
    return own;
  };
  await runEmulators(layout, image, packageOf, { memory: folder, onRun: () => undefined });
  expect(asked.sort()).toEqual(['arm', 'x86_64']);
});

test('a program is removed as soon as it has run: a whole set is half a gigabyte', async () => {
  const temporary = await mkdtemp(join(folder, 'temporary-'));
  vi.stubEnv('TMPDIR', temporary);
  onTestFinished(() => void vi.unstubAllEnvs());
  const image = await imageWith({
    'usr/bin/qemu-arm-static': shell('exit 0'),
    'usr/bin/qemu-mips-static': shell('exit 0'),
  });
  const left: number[] = [];
  const onRun = () => {
    const [programs = ''] = readdirSync(temporary);
    left.push(readdirSync(join(temporary, programs)).length);
  };
  await runEmulators(layout, image, () => own, { memory: folder, onRun });
  expect(left.at(-1)).toBe(0);
  expect(await readdir(temporary)).toEqual([]);
});

test('a layer that cannot be read is the failure, after the emulators before it have ended', async () => {
  const temporary = await mkdtemp(join(folder, 'temporary-'));
  vi.stubEnv('TMPDIR', temporary);
  onTestFinished(() => void vi.unstubAllEnvs());
  const sound = await imageWith({ 'usr/bin/qemu-arm-static': shell('exec sleep 0.2') });
  const missing = { ...sound.layers[0], digest: `sha256:${'0'.repeat(64)}` };
  const image = { ...sound, layers: [...sound.layers, missing] } as FoundImage;
  let ran = 0;
  const context = { memory: folder, onRun: () => ran++ };
  await expect(runEmulators(layout, image, () => own, context)).rejects.toMatchObject({
    code: 'BLOB_MISSING',
  });
  expect([ran, await readdir(temporary)]).toEqual([1, []]);
});

/** A mount needs a namespace of its own, and whoever asks may not be allowed one. */
const inNamespace = ['--user', '--map-root-user', '--mount'];
const noNamespace = spawnSync('unshare', [...inNamespace, 'true']).status !== 0;

describe.skipIf(noNamespace)('where programs are not allowed in a folder (user namespaces)', () => {
  let noexec: string;
  let allowed: string;
  beforeEach(async () => {
    noexec = await mkdtemp(join(folder, 'noexec-'));
    allowed = await mkdtemp(join(folder, 'allowed-'));
  });
  afterEach(() => rm(noexec, { recursive: true }));

  /** The result of `openProgramFolder` for the folders, of which the first is mounted noexec. */
  const open = (...folders: string[]) => {
    const module = join(import.meta.dirname, 'run-emulators.ts');
    const program = `import { openProgramFolder } from ${JSON.stringify(module)};
      const opened = await openProgramFolder(${JSON.stringify(folders)}).catch(({ code, message }) => code + ': ' + message);
      console.log(opened);`;
    const script = `mount -t tmpfs -o noexec none "$1" && exec "$2" --input-type=module-typescript -e "$3"`;
    const words = ['sh', '-c', script, 'sh', noexec, process.execPath, program];
    return execFileSync('unshare', [...inNamespace, ...words], { encoding: 'utf8' }).trim();
  };

  test('another one is taken', () => {
    expect(open(noexec, allowed)).toMatch(new RegExp(`^${allowed}/qemu-user-static-check-`));
  });

  test('without another one, the error names them and the reason', () => {
    expect(open(noexec, noexec)).toBe(
      `EMULATORS_NOT_RUN: the emulators cannot be run: programs are not allowed in ${noexec} (EACCES) or ${noexec} (EACCES)`,
    );
  });
});

test('a folder that is not there yet is made, and one that cannot be is passed over', async () => {
  const opened = await openProgramFolder([
    join(import.meta.filename, 'inside'),
    join(folder, 'new', 'cache'),
  ]);
  expect(opened.startsWith(join(folder, 'new', 'cache', 'qemu-user-static-check-'))).toBe(true);
});

test('without a folder that can be made, the error names each with the reason', async () => {
  const inside = join(import.meta.filename, 'inside');
  await expect(openProgramFolder([inside, inside])).rejects.toMatchObject({
    code: 'EMULATORS_NOT_RUN',
    message: `the emulators cannot be run: programs are not allowed in ${inside} (ENOTDIR) or ${inside} (ENOTDIR)`,
  });
});

test('programs run from the first folder that allows it', async () => {
  const opened = await openProgramFolder([folder, '/nonexistent']);
  expect(opened.startsWith(join(folder, 'qemu-user-static-check-'))).toBe(true);
  expect(await readdir(opened)).toEqual([]);
  await rm(opened, { recursive: true });
});
