import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HOST_PLATFORMS } from '@qemu-user-static/arch-table';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PROJECT } from '../project-names.ts';
import { readTable, restoreTable, type Table } from './binfmt-table.ts';
import { GUESTS, guestLayout, platformOf } from './debian-guests.ts';
import {
  type Engine,
  HAS_SYS_RESOURCE,
  NO_ENGINES,
  type Outcome,
  openEngine,
  removeImages,
} from './engines.ts';
import { ENGINES_PAGE, openTable } from './engines-page.ts';
import { BINFMT, ENGINES, LAYOUT } from './places.ts';

// The classic commands for such images, line by line, on real engines. The outcome of each becomes a row of docs/engines.md.
// tools/src/e2e/readme-snippets.e2e.test.ts runs this project's own README.md.

const IMAGE = PROJECT.image;
const LEAST = ['--cap-drop', 'ALL', '-v', `${BINFMT}:/binfmt_misc`];

const table = openTable('Docker');
let before: Table;

describe.skipIf(NO_ENGINES !== undefined)('the classic commands on an engine (root, engine)', () => {
  beforeAll(async () => {
    before = await readTable(BINFMT);
    expect(Object.keys(before).filter((name) => name.startsWith('qemu-'))).toEqual([]);
  });

  afterAll(async () => {
    await restoreTable(BINFMT, before);
  });

  describe.each(Object.values(ENGINES))('$name', (place) => {
    let engine: Engine;
    let rights: string[];
    const shared = join(place.root, '/var/tmp/readme-e2e');

    const row = (example: string, platform: string, result: string) =>
      table.row(engine.name, platform, example, result);
    const succeed = (outcome: Outcome) => {
      expect(outcome.code, outcome.stderr).toBe(0);
      return outcome.stdout.trim();
    };
    const uname = (guest: string) => engine.docker('run', '--rm', `${guest}/busybox`, 'uname', '-m');
    const isFormatError = ({ code, stdout, stderr }: Outcome) => {
      expect(`${stdout}${stderr}`).toContain('exec format error');
      expect(code).not.toBe(0);
    };
    /** Registers with --privileged, or with fewer rights if the engine may not give them. */
    const register = (tag: string, ...words: string[]) =>
      engine.docker('run', '--rm', ...rights, `${IMAGE}:${tag}`, ...words);

    beforeAll(async () => {
      engine = openEngine(place);
      for (const tag of ['latest', 'register', 'x86_64-aarch64'])
        succeed(await engine.builder('load', '--layout', LAYOUT, '--image', tag));
      const { folder: layout } = await guestLayout();
      for (const { name } of GUESTS) {
        succeed(await engine.builder('load', '--layout', layout, '--image', name, '--repository', name));
        succeed(await engine.docker('tag', `${name}:${name}`, `${name}/busybox`));
      }
      mkdirSync(shared, { recursive: true });
    }, 240_000);

    afterAll(async () => {
      await restoreTable(BINFMT, before);
      await removeImages(engine);
      rmSync(shared, { recursive: true, force: true });
    }, 60_000);

    test('before, a program of another CPU does not start', async () => {
      for (const { name, platform, machine } of GUESTS) {
        const outcome = await uname(name);
        const example = `docker run --rm ${name}/busybox uname -m`;
        if (platform.architecture === '386') {
          expect(succeed(outcome)).toBe(machine);
          row(example, platformOf(platform), `\`${machine}\`: this CPU runs it without an emulator`);
        } else {
          isFormatError(outcome);
          row(example, platformOf(platform), 'exec format error');
        }
      }
    }, 120_000);

    test('--privileged registers every emulator', async () => {
      const outcome = await engine.docker(...['run', '--rm', '--privileged', IMAGE, '--reset', '-p', 'yes']);
      const example = `docker run --rm --privileged ${IMAGE} --reset -p yes`;
      const isRefused = engine.name === 'Docker 20.10' && !HAS_SYS_RESOURCE;
      if (isRefused) {
        expect(outcome.stderr).toContain('unable to apply caps: operation not permitted');
        row(example, 'linux/amd64', 'refused by the engine: this machine’s root lacks CAP_SYS_RESOURCE');
      } else {
        expect(succeed(outcome).split('\n')).toHaveLength(31);
        row(example, 'linux/amd64', '31 emulators registered');
      }
      rights = isRefused ? LEAST : ['--privileged'];
      succeed(await register('latest', '--uninstall', 'qemu-*'));
    }, 60_000);

    test('and so does less than --privileged', async () => {
      const outcome = await engine.docker('run', '--rm', ...LEAST, IMAGE, '--reset', '-p', 'yes');
      expect(succeed(outcome).split('\n')).toHaveLength(31);
      row(
        `docker run --rm ${LEAST.join(' ')} ${IMAGE} --reset -p yes`,
        'linux/amd64',
        '31 emulators registered',
      );
    }, 60_000);

    test('the entry has flag F and the magic of aarch64', async () => {
      expect(await readFile(join(BINFMT, 'qemu-aarch64'), 'utf8')).toBe(
        [
          'enabled',
          'interpreter /usr/bin/qemu-aarch64-static',
          'flags: F',
          'offset 0',
          'magic 7f454c460201010000000000000000000200b700',
          'mask ffffffffffffff00fffffffffffffffffeffffff',
          '',
        ].join('\n'),
      );
      row(`cat ${BINFMT}/qemu-aarch64`, 'linux/amd64', 'enabled, flags F');
    });

    test('after, it runs', async () => {
      for (const { name, platform, machine } of GUESTS) {
        expect(succeed(await uname(name))).toBe(machine);
        row(`docker run --rm ${name}/busybox uname -m`, platformOf(platform), `\`${machine}\``);
      }
    }, 120_000);

    test('the images of every host run, with -g yes: their shell finds its applets by argv[0]', async () => {
      succeed(await register('latest', '--reset', '-p', 'yes', '-g', 'yes'));
      row(
        `docker run --rm --privileged ${IMAGE} --reset -p yes -g yes`,
        'linux/amd64',
        '31 emulators registered',
      );
      for (const platform of HOST_PLATFORMS) {
        const repository = platform.replaceAll('/', '-');
        for (const tag of ['register', 'arm'])
          succeed(
            await engine.builder(
              ...['load', '--layout', LAYOUT, '--image', tag],
              ...['--platform', platform, '--repository', repository],
            ),
          );
        const call = (...words: string[]) => engine.docker('run', '--rm', '--platform', platform, ...words);
        expect(succeed(await call(`${repository}:register`, '--help'))).toContain('Usage: register');
        expect(succeed(await call(...LEAST, `${repository}:register`, '--status'))).toContain('qemu-aarch64');
        const emulator = '/usr/bin/qemu-arm-static';
        const version = succeed(await call('--entrypoint', emulator, `${repository}:arm`, '--version'));
        expect(version).toMatch(/^qemu-arm version \d+\.\d+\.\d+ \(Debian /);
        row(`docker run --rm --platform ${platform} ${IMAGE}:register --help`, platform, 'usage');
        row(`docker run --rm --platform ${platform} ${IMAGE}:register --status`, platform, 'every entry');
        row(
          `docker run --rm --platform ${platform} --entrypoint ${emulator} ${IMAGE}:arm --version`,
          platform,
          'QEMU’s version',
        );
      }
    }, 240_000);

    test(':register alone needs the emulator in the container', async () => {
      succeed(await register('register', '--reset'));
      isMissing(await uname('arm64v8'));
      row(`docker run --rm --privileged ${IMAGE}:register --reset`, 'linux/amd64', '31 emulators registered');
      row(
        'docker run --rm arm64v8/busybox uname -m',
        'linux/arm64',
        'no such file: the emulator is not there',
      );

      const { stdout: id } = await engine.docker('create', `${IMAGE}:x86_64-aarch64`);
      const emulator = 'qemu-aarch64-static';
      succeed(
        await engine.docker('cp', `${id.trim()}:/usr/bin/${emulator}`, `/var/tmp/readme-e2e/${emulator}`),
      );
      succeed(await engine.docker('rm', id.trim()));
      const outcome = await engine.docker(
        ...['run', '--rm', '-v', `/var/tmp/readme-e2e/${emulator}:/usr/bin/${emulator}`],
        ...['arm64v8/busybox', 'uname', '-m'],
      );
      expect(succeed(outcome)).toBe('aarch64');
      row(
        `docker run --rm -v /usr/bin/${emulator}:/usr/bin/${emulator} arm64v8/busybox uname -m`,
        'linux/arm64',
        '`aarch64`',
      );
    }, 120_000);

    test('or copied into an image of your own', async () => {
      const context = join(shared, 'context');
      mkdirSync(context, { recursive: true });
      const dockerfile = [
        `FROM --platform=linux/amd64 ${IMAGE}:x86_64-aarch64 AS qemu`,
        'FROM arm64v8/busybox',
        'COPY --from=qemu /usr/bin/qemu-aarch64-static /usr/bin/',
        'RUN uname -m > /machine',
      ].join('\n');
      writeFileSync(join(context, 'Dockerfile'), dockerfile);
      succeed(
        await engine.docker(
          ...[
            'build',
            '--pull=false',
            '--network=none',
            '--platform',
            'linux/arm64',
            '--tag',
            'copied',
            '/var/tmp/readme-e2e/context',
          ],
        ),
      );
      expect(succeed(await engine.docker('run', '--rm', 'copied', 'cat', '/machine'))).toBe('aarch64');
      row(
        'COPY --from=qemu /usr/bin/qemu-aarch64-static /usr/bin/',
        'linux/arm64',
        'built, and runs: `aarch64`',
      );
    }, 120_000);

    test('--uninstall removes every entry', async () => {
      succeed(await register('latest', '--uninstall', 'qemu-*'));
      expect(await readTable(BINFMT)).toEqual(before);
      isFormatError(await uname('arm64v8'));
      row(
        `docker run --rm --privileged ${IMAGE} --uninstall "qemu-*"`,
        'linux/amd64',
        'the kernel is as before',
      );
    }, 60_000);
  });

  test('docs/engines.md has these rows', async () => {
    await expect(await table.page()).toMatchFileSnapshot(ENGINES_PAGE);
  });
});

/** Without flag F the kernel looks for the emulator in the container. */
function isMissing({ code, stdout, stderr }: Outcome): void {
  expect(`${stdout}${stderr}`).toContain('no such file or directory');
  expect(code).not.toBe(0);
}
