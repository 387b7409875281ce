import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type DockerRegistry, startDockerRegistry } from '@qemu-user-static/oci-registry/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { runAction } from '../action/run-action.ts';
import { PROJECT } from '../project-names.ts';
import { ROOT } from '../repository.ts';
import { readTable, restoreTable, type Table } from './binfmt-table.ts';
import { guestLayout } from './debian-guests.ts';
import { builder, type Engine, HAS_SYS_RESOURCE, NO_ENGINES, openEngine, removeImages } from './engines.ts';
import { BINFMT, ENGINES, KEPT, LAYOUT } from './places.ts';
import { keepImages } from './set-up.ts';
import { dockerShim, type Shim } from './shim.ts';

// action.yml as a runner runs it, on each engine, with the images in a registry on loopback. Its cost beside
// docker/setup-qemu-action becomes the table of docs/actions.md.

const IMAGE = PROJECT.image;
const PAGE = resolve(ROOT, 'docs/actions.md');
const TABLE = /(?<=<!-- measured: .*-->\n)[\s\S]*?(?=<!-- \/measured -->)/;

let before: Table;
let registry: DockerRegistry;
/** Bytes of blobs that the registry has sent. */
let sent = 0;
const rows: string[][] = [];

describe.skipIf(NO_ENGINES !== undefined)('the action (root, engine)', () => {
  beforeAll(async () => {
    before = await readTable(BINFMT);
    registry = await startDockerRegistry({
      onRequest: (line) => {
        const [, bytes = '0'] = /"GET \/v2\/\S+\/blobs\/\S+ [^"]*" 200 (\d+)/.exec(line) ?? [];
        sent += Number(bytes);
      },
    });
    const words = ['--from', LAYOUT, '--platform', 'linux/amd64', '--push'];
    const tags = ['latest', 'latest-zstd', 'register', 'aarch64', 'riscv64'].flatMap((tag) => ['--tag', tag]);
    const { code, stderr } = await builder([
      'publish',
      '--to',
      `${registry.name}/${IMAGE}`,
      ...words,
      ...tags,
    ]);
    if (code !== 0) throw new Error(stderr);
  }, 240_000);

  afterAll(async () => {
    await registry.close();
  });

  describe.each(Object.values(ENGINES))('$name', (place) => {
    let engine: Engine;
    let shim: Shim;
    /** Those of `--privileged`, where the engine may not give it on this machine. */
    const least = ['--cap-drop', 'ALL', '-v', `${BINFMT}:/binfmt_misc`];
    const rights = place.root === '/' && !HAS_SYS_RESOURCE ? least : ['--privileged'];
    const entries = async () =>
      Object.keys(await readTable(BINFMT)).filter((name) => name.startsWith('qemu-'));
    const act = (inputs: Readonly<Record<string, string>>) =>
      runAction({ registry: registry.name, ...inputs }, { ...process.env, ...shim.env });
    const machine = async (name: string) =>
      (
        await engine.docker('run', '--rm', '--network', 'none', `${name}/busybox`, 'uname', '-m')
      ).stdout.trim();

    beforeAll(async () => {
      engine = openEngine(place);
      shim = dockerShim(engine);
      const { folder } = await guestLayout();
      for (const name of ['arm64v8', 'riscv64']) {
        await engine.builder('load', '--layout', folder, '--image', name, '--repository', name);
        await engine.docker('tag', `${name}:${name}`, `${name}/busybox`);
      }
    }, 240_000);

    afterEach(async () => {
      await restoreTable(BINFMT, before);
    });

    afterAll(async () => {
      await removeImages(engine);
      await keepImages(place);
      shim.close();
    }, 60_000);

    test('registers what is asked for, from images of one guest', async () => {
      const { code, outputs, stdout, stderr } = await act({ platforms: 'linux/arm64,riscv64,linux/amd64' });
      expect(code, `${stdout}${stderr}`).toBe(0);
      expect(await entries()).toEqual(['qemu-aarch64', 'qemu-riscv64']);
      expect(outputs.platforms?.split(',')).toEqual(
        expect.arrayContaining(['linux/amd64', 'linux/arm64', 'linux/riscv64']),
      );
      expect(JSON.parse(outputs.status ?? '').emulators).toEqual(['qemu-aarch64', 'qemu-riscv64']);
      expect(await machine('arm64v8')).toBe('aarch64');
      expect(await machine('riscv64')).toBe('riscv64');
    }, 120_000);

    test('registers nothing for the own CPU', async () => {
      const { code, outputs } = await act({ platforms: 'linux/amd64' });
      expect(code).toBe(0);
      expect(await entries()).toEqual([]);
      expect(outputs.platforms?.split(',')).toContain('linux/amd64');
    }, 60_000);

    test('all, with the requested flags; a second run succeeds', async () => {
      for (const reset of ['false', 'true', 'false']) {
        const { code, stdout, stderr } = await act({ flags: 'PF', reset });
        expect(code, `${stdout}${stderr}`).toBe(0);
        expect((await entries()).length).toBeGreaterThan(30);
        expect(await readFile(`${BINFMT}/qemu-aarch64`, 'utf8')).toContain('flags: PF');
      }
    }, 240_000);

    test('an image that is not there fails, with the engine’s reason in the annotation', async () => {
      const { code, stdout } = await act({ platforms: 'arm64', version: '1.2.3' });
      expect(code).toBe(1);
      expect(stdout).toMatch(/^::error title=qemu-user-static::.*aarch64-1\.2\.3/m);
      expect(await entries()).toEqual([]);
    }, 60_000);

    test('takes fewer bytes than docker/setup-qemu-action does with the same images', async () => {
      // https://github.com/docker/setup-qemu-action/blob/master/src/main.ts: each line that it runs, in this order.
      const setUpQemu = (image: string, platforms: string) => async () => {
        const run = ['run', '--rm', ...rights, image];
        const lines = [['pull', image], ['image', 'inspect', image], [...run, '--install', platforms], run];
        for (const words of lines) {
          const { code, stderr } = await engine.docker(...words);
          expect(code, stderr).toBe(0);
        }
      };
      const name = `${registry.name}/${IMAGE}`;
      const ours =
        (platforms: string, inputs = {}) =>
        async () => {
          expect((await act({ platforms, ...inputs })).code).toBe(0);
        };
      const measured = [
        ['this action', 'arm64', 2, await cost(ours('arm64'))],
        ['this action, `verify: false`', 'arm64', 1, await cost(ours('arm64', { verify: 'false' }))],
        ['docker/setup-qemu-action, this image', 'arm64', 2, await cost(setUpQemu(name, 'arm64'))],
        ['this action', 'arm64,riscv64', 3, await cost(ours('arm64,riscv64'))],
        ['this action', 'all', 2, await cost(ours('all'))],
        ['docker/setup-qemu-action, this image', 'all', 2, await cost(setUpQemu(name, 'all'))],
      ] as const;
      for (const [who, platforms, runs, { bytes, seconds }] of measured)
        rows.push([
          engine.name,
          who,
          `\`${platforms}\``,
          `${runs}`,
          (bytes / 1e6).toFixed(1),
          seconds.toFixed(1),
        ]);
      expect(measured[0][3].bytes * 4).toBeLessThan(measured[2][3].bytes);
    }, 300_000);

    /** Bytes of blobs and seconds that a set-up takes, with neither image nor entry there before. */
    async function cost(work: () => Promise<void>): Promise<{ bytes: number; seconds: number }> {
      // Layers that the set-up keeps would not be pulled.
      for (const name of [`${registry.name}/${IMAGE}`, KEPT]) {
        const { stdout } = await engine.docker('images', '--quiet', name);
        const images = stdout.split('\n').filter((id) => id !== '');
        if (images.length > 0) await engine.docker('rmi', '--force', ...new Set(images));
      }
      await restoreTable(BINFMT, before);
      sent = 0;
      const begun = performance.now();
      await work();
      const seconds = (performance.now() - begun) / 1000;
      return { bytes: sent, seconds };
    }
  });

  test('docs/actions.md has the container runs of each; MEASURE=save writes the figures of this run', async () => {
    const page = await readFile(PAGE, 'utf8');
    const lines = [
      ['engine', 'who', 'platforms', 'container runs', 'MB pulled', 'seconds'],
      Array(6).fill('---'),
      ...rows,
    ];
    const table = lines.map((cells) => `| ${cells.join(' | ')} |\n`).join('');
    const text = `Measured with a registry on the same, busy machine, with no image and no entry before: compare lines of one engine.\n\n${table}`;
    if (process.env.MEASURE === 'save')
      await writeFile(
        PAGE,
        page.replace(TABLE, () => text),
      );
    const withoutFigures = (markdown: string) => markdown.replaceAll(/ \d+\.\d \|/g, '');
    const [saved = ''] = TABLE.exec(await readFile(PAGE, 'utf8')) ?? [];
    expect(withoutFigures(saved)).toBe(withoutFigures(text));
  });
});
