import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { ContainerOutcome, ContainerRun, Engine } from '@qemu-user-static/container-engine';
import type { Layout } from '@qemu-user-static/oci-image';
import { alterLayout, makeSmallLayout } from '@qemu-user-static/oci-image/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatSmoke, smoke } from './smoke.ts';

const folder = await mkdtemp(join(tmpdir(), 'smoke-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
/** `latest` and `register-11` list three hosts, `other` lists one that no guest is taken from. */
let layout: Layout;
beforeAll(async () => {
  layout = await makeSmallLayout(join(folder, 'oci'), [
    { os: 'linux', architecture: 'ppc64le' },
    { os: 'linux', architecture: 's390x' },
    { os: 'linux', architecture: 'amd64' },
    { os: 'linux', architecture: 'arm64' },
  ]);
  const named = (one: object, name: string) => ({
    ...one,
    annotations: { 'org.opencontainers.image.ref.name': name },
  });
  await alterLayout(layout, {
    index: ({ manifests, ...rest }) => ({ ...rest, manifests: manifests.slice(1) }),
    top: ({ manifests: [all, one], ...rest }) => ({
      ...rest,
      manifests: [named(one, 'other'), named(all, 'latest'), named(all, 'register-11')],
    }),
  });
});

type Answer = Partial<ContainerOutcome>;
/** What goes otherwise than on a sound machine: by the first word for the register program, by the image for a guest. */
interface Machine {
  readonly answers?: Readonly<Record<string, (run: ContainerRun, turn: number) => Answer | null>>;
  readonly platform?: Engine['platform'];
  /** Entries of the kernel before. */
  readonly entries?: readonly object[];
}

const UNAME: Readonly<Record<string, string>> = { 'linux-arm64': 'aarch64', 'linux-s390x': 's390x' };

/** An engine whose kernel runs guests while emulators are registered. */
function engineOn({ answers = {}, platform = 'linux/amd64', entries = [] }: Machine = {}) {
  const log: string[] = [];
  const images = new Set<string>();
  const kernel = { entries: [...entries] };
  const turns = new Map<string, number>();
  const usual = (words: readonly string[], guest: string): Answer => {
    const isRegistered = kernel.entries.some((entry) => JSON.stringify(entry).includes('qemu'));
    if (words.length === 0)
      return isRegistered ? { stdout: `${UNAME[guest]}\n` } : { code: 1, stderr: 'exec format error' };
    if (words[0] === '--status') return { stdout: JSON.stringify({ entries: kernel.entries }) };
    if (words[0] === '--reset') kernel.entries.push({ name: 'qemu-aarch64' });
    if (words[0] === '--uninstall') kernel.entries = [...entries];
    return words[0] === '--verify' ? { stdout: 'aarch64  ok\ns390x    ok\n' } : {};
  };
  const engine: Engine = {
    description: 'Engine 1.0',
    platform,
    load: async (archive) => {
      // A docker-archive: a tar of JSON documents and layers.
      const text = (await buffer(archive)).toString('latin1');
      const [, name] = /"RepoTags":\["[\w/-]+:([\w-]+)"\]/.exec(text) ?? [];
      log.push(`load ${name} of ${/"architecture":"(\w+)"/.exec(text)?.[1]}`);
      return '';
    },
    build: async () => '',
    run: async (run) => {
      const { image, words, rights, entrypoint } = run;
      images.add(image);
      const guest = image.split(':')[1] ?? '';
      const key = words.length === 0 ? guest : (words[0] ?? '');
      log.push(
        entrypoint === undefined ? `${rights?.name}: ${words.join(' ')}` : `${guest}: ${entrypoint.at(-1)}`,
      );
      const turn = turns.get(key) ?? 0;
      turns.set(key, turn + 1);
      const answer = answers[key]?.(run, turn) ?? usual(words, guest);
      return { code: 0, stdout: '', stderr: '', ...answer };
    },
    removeImage: async (name) => {
      images.delete(name);
      log.push(`remove ${name.split(':')[1]}`);
    },
  };
  return { engine, log, images, kernel, smoked: () => smoke(layout, 'latest', engine) };
}

test('guests that did not run do with the emulators, and the kernel is as before', async () => {
  const wine = { name: 'wine', interpreter: '/usr/bin/wine' };
  const { log, images, kernel, smoked } = engineOn({ entries: [wine] });
  const report = await smoked();
  expect(report).toEqual({
    engine: 'Engine 1.0',
    rights: '--privileged',
    tag: 'latest',
    guests: [
      { platform: 'linux/arm64', machine: 'aarch64' },
      { platform: 'linux/s390x', machine: 's390x' },
    ],
    verified: 2,
  });
  expect(formatSmoke(report)).toBe(
    'smoke: latest on Engine 1.0 with --privileged: ran linux/arm64 (aarch64), linux/s390x (s390x); 2 guests verified',
  );
  const both = ['linux-arm64: uname -m', 'linux-s390x: uname -m'];
  expect(log).toEqual([
    ...['load host of amd64', 'load linux-arm64 of arm64', 'load linux-s390x of s390x'],
    ...['--privileged: --help', '--privileged: --status --json', ...both],
    ...['--privileged: --reset -p yes', ...both, '--privileged: --verify'],
    ...['--privileged: --uninstall qemu-*', ...both, '--privileged: --status --json'],
    ...['remove host', 'remove linux-arm64', 'remove linux-s390x'],
  ]);
  expect([[...images], kernel.entries]).toEqual([[], [wine]]);
});

test('only a line with a name and ok is a guest that was verified', async () => {
  const stdout = 'aarch64  ok\ns390x  it is not ok\nmips  ok, nearly\n  ok\narm  ok\n';
  const { smoked } = engineOn({ answers: { '--verify': () => ({ stdout, code: 3 }) } });
  await expect(smoked()).rejects.toMatchObject({
    message: expect.stringContaining('--verify: s390x  it is not ok\n  - --verify: mips  ok, nearly'),
  });
});

test('a guest that the CPU runs by itself proves nothing, and is not counted', async () => {
  const { log, smoked } = engineOn({ answers: { 'linux-arm64': () => ({ stdout: 'x86_64' }) } });
  expect((await smoked()).guests).toEqual([{ platform: 'linux/s390x', machine: 's390x' }]);
  expect(log.filter((line) => line.startsWith('linux-arm64'))).toHaveLength(1);
});

describe('exactly what does not work is reported:', () => {
  const failed = (stderr: string) => ({ code: 3, stderr });
  test.each<[string, NonNullable<Machine['answers']>, string]>([
    [
      'a program of another CPU',
      { 'linux-arm64': (_, turn) => (turn === 1 ? { stdout: 'armv7l\n' } : null) },
      'linux/arm64: `uname -m` gives no aarch64: exit status 0, armv7l',
    ],
    [
      'a program that fails after it printed the right name',
      { 'linux-arm64': (_, turn) => (turn === 1 ? { code: 139, stdout: 'aarch64\n' } : null) },
      'linux/arm64: `uname -m` gives no aarch64: exit status 139, aarch64',
    ],
    [
      'a program that does not end',
      { 'linux-s390x': (_, turn) => (turn === 1 ? { code: null, stderr: 'it did not end in 30 s' } : null) },
      'linux/s390x: `uname -m` gives no s390x: it did not end in 30 s',
    ],
    [
      'a guest that --verify does not find',
      { '--verify': () => ({ code: 3, stdout: 'aarch64  ok\ns390x  probe failed\n' }) },
      '--verify: s390x  probe failed',
    ],
    [
      '--verify that finds every guest and fails',
      { '--verify': () => ({ ...failed('one\ntwo\nthree\nfour\n'), stdout: 'aarch64  ok\n' }) },
      '--verify: exit status 3, two three four',
    ],
    ['--verify that fails without a word', { '--verify': () => failed('') }, '--verify: exit status 3'],
    [
      'a guest that still runs afterwards',
      { 'linux-arm64': (_, turn) => (turn === 2 ? { stdout: 'aarch64\n' } : null) },
      'linux/arm64: still runs after --uninstall',
    ],
    [
      'a kernel with other entries than before',
      { '--status': (_, turn) => (turn === 1 ? { stdout: '{"entries":[{"name":"other"}]}' } : null) },
      'the kernel’s entries are not as they were before',
    ],
  ])('%s', async (_, answers, problem) => {
    const { log, images, smoked } = engineOn({ answers });
    await expect(smoked()).rejects.toMatchObject({
      code: 'SMOKE_FAILED',
      message: `latest on Engine 1.0:\n  - ${problem}`,
    });
    expect(log).toContain('--privileged: --uninstall qemu-*');
    expect([...images]).toEqual([]);
  });

  test('registering and removing that fail, each with what the program printed', async () => {
    // Both work: only their status is wrong.
    const { engine, kernel } = engineOn();
    const run: Engine['run'] = async (container) => {
      const outcome = await engine.run(container);
      const isWrong = ['--reset', '--uninstall'].includes(container.words[0] ?? '');
      return isWrong ? { code: 2, stdout: 'this is not read', stderr: 'no\n' } : outcome;
    };
    await expect(smoke(layout, 'latest', { ...engine, run })).rejects.toMatchObject({
      code: 'SMOKE_FAILED',
      message:
        'latest on Engine 1.0:\n  - --reset -p yes: exit status 2, no\n  - --uninstall qemu-*: exit status 2, no',
    });
    expect(kernel.entries).toEqual([]);
  });
});

describe('the rights', () => {
  const FEWER = '--cap-drop ALL -v /proc/sys/fs/binfmt_misc:/binfmt_misc';

  test('are fewer where the engine does not start the image with all', async () => {
    const asked: unknown[] = [];
    const answers: Machine['answers'] = {
      '--help': ({ rights }) => {
        asked.push(rights?.host);
        return rights?.host.Privileged ? { code: 125, stderr: 'not allowed' } : null;
      },
    };
    const { log, smoked } = engineOn({ answers });
    expect((await smoked()).rights).toBe(FEWER);
    expect(asked).toEqual([
      { Privileged: true },
      { CapDrop: ['ALL'], Binds: ['/proc/sys/fs/binfmt_misc:/binfmt_misc'] },
    ]);
    expect(log).toContain(`${FEWER}: --reset -p yes`);
    expect(log.filter((line) => line.startsWith('--privileged'))).toEqual(['--privileged: --help']);
  });

  test('are all refused: that is the failure, and nothing is registered', async () => {
    const { log, images, smoked } = engineOn({
      answers: { '--help': () => ({ code: null, stderr: 'not allowed\n' }) },
    });
    await expect(smoked()).rejects.toMatchObject({
      code: 'SMOKE_FAILED',
      message: `Engine 1.0 does not start the image:\n  - --privileged: not allowed\n  - ${FEWER}: not allowed`,
    });
    expect(log.filter((line) => line.includes('--reset'))).toEqual([]);
    expect([...images]).toEqual([]);
  });
});

describe('it is not tried', () => {
  test('where the kernel has emulators already: nothing is changed', async () => {
    const theirs = { name: 'theirs', interpreter: '/usr/bin/qemu-arm-static' };
    const { log, images, kernel, smoked } = engineOn({ entries: [theirs] });
    await expect(smoked()).rejects.toMatchObject({
      code: 'SMOKE_IMPOSSIBLE',
      message: 'Engine 1.0 has emulators registered already',
    });
    expect(log.filter((line) => /reset|uninstall/.test(line))).toEqual([]);
    expect([[...images], kernel.entries]).toEqual([[], [theirs]]);
  });

  test('where the state of the kernel cannot be read', async () => {
    const answers = { '--status': () => ({ code: 1, stderr: 'no binfmt_misc' }) };
    const { log, smoked } = engineOn({ answers });
    await expect(smoked()).rejects.toMatchObject({
      code: 'SMOKE_FAILED',
      message: '--status: exit status 1, no binfmt_misc',
    });
    expect(log.filter((line) => line.includes('--reset'))).toEqual([]);
  });

  test.each<[string, Engine['platform'], string, string]>([
    ['on a CPU that is not of a host', null, 'latest', 'Engine 1.0 is not one of the host platforms'],
    [
      'without an image for the host',
      'linux/riscv64',
      'latest',
      'the layout has no image for linux/riscv64 to try',
    ],
    ['without the tag', 'linux/amd64', 'stable', 'the layout has no image for linux/amd64 to try'],
  ])('%s', async (_, platform, tag, message) => {
    const { engine, log } = engineOn({ platform });
    await expect(smoke(layout, tag, engine)).rejects.toMatchObject({ code: 'SMOKE_IMPOSSIBLE', message });
    expect(log).toEqual([]);
  });
});

test('an engine that goes away in the middle is its failure; emulators and images are removed before', async () => {
  const gone = new Error('gone');
  const { log, kernel, smoked } = engineOn({
    answers: {
      '--verify': () => {
        throw gone;
      },
    },
  });
  await expect(smoked()).rejects.toBe(gone);
  expect(kernel.entries).toEqual([]);
  expect(log.slice(-4)).toEqual([
    '--privileged: --uninstall qemu-*',
    ...['remove host', 'remove linux-arm64', 'remove linux-s390x'],
  ]);
});

test('images that were loaded before one could not be are removed', async () => {
  const { engine, log } = engineOn();
  let loads = 0;
  const load: Engine['load'] = (archive) => {
    if (++loads === 2) throw new Error('full');
    return engine.load(archive);
  };
  await expect(smoke(layout, 'latest', { ...engine, load })).rejects.toThrow('full');
  expect(log).toEqual(['load host of amd64', 'remove host']);
});
