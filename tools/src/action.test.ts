import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { GUEST_NAMES, guest } from '@qemu-user-static/arch-table';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { readAction, runAction } from './action/run-action.ts';
import { PROJECT } from './project-names.ts';
import { readmeSnippets } from './readme.ts';
import { ROOT } from './repository.ts';

// The commands that action.yml makes of its inputs, with a `docker` that writes down its arguments.
// tools/src/e2e/action.e2e.test.ts runs it on real engines.

const folder = mkdtempSync(join(tmpdir(), 'action-test-'));
afterAll(() => rmSync(folder, { recursive: true }));
const calls = join(folder, 'calls');

/** The engine: its CPU and version, what `run` prints for a status and for `--verify`, and what fails, with its error. */
let engine = { info: '', status: '', verify: '', failing: '', error: '' };

beforeEach(() => {
  engine = {
    info: 'x86_64 28.5.1',
    status: '{\n  "supported": [\n    "linux/amd64",\n    "linux/arm64"\n  ],\n  "emulators": []\n}',
    verify: GUEST_NAMES.map((name) => `${name} ok`).join('\n'),
    failing: 'nothing',
    error: '',
  };
});

async function run(inputs: Readonly<Record<string, string>>) {
  writeFileSync(calls, '');
  const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
  const script = [
    '#!/bin/bash',
    `printf '%s\\n' "$*" >>${calls}`,
    `case "$*" in`,
    `*${quoted(engine.failing)}*) printf '%s\\n' ${quoted(engine.error)} >&2; exit 1 ;;`,
    `info*) echo ${quoted(engine.info)} ;;`,
    `*--verify) printf '%s\\n' ${quoted(engine.verify)} ;;`,
    `run*) printf '%s\\n' ${quoted(engine.status)} ;;`,
    'esac',
  ];
  writeFileSync(join(folder, 'docker'), script.join('\n'));
  chmodSync(join(folder, 'docker'), 0o755);
  const outcome = await runAction(inputs, { PATH: `${folder}:${process.env.PATH}` });
  const lines = readFileSync(calls, 'utf8').split('\n');
  const of = (command: string) => lines.filter((line) => line.startsWith(command));
  return { ...outcome, pulls: of('pull').map((line) => line.replace('pull --quiet ', '')), runs: of('run') };
}

const IMAGE = `docker.io/${PROJECT.image}`;

describe('what it pulls', () => {
  test.each([
    ['all', ['latest']],
    ['', ['latest']],
    ['arm64,all', ['latest']],
    ['linux/arm64', ['aarch64']],
    ['arm64,riscv64', ['aarch64', 'riscv64']],
    ['linux/arm64/v8 linux/arm/v7\nlinux/arm/v6', ['aarch64', 'arm']],
    ['ARM64, linux/amd64, 386', ['aarch64']],
    ['linux/amd64', ['register']],
    ['arm64,arm,sparc64', ['aarch64', 'arm', 'sparc64']],
    ['alpha,arm64,arm,hppa,m68k,s390x,sparc64', ['latest']],
    ['arm64,arm', ['aarch64', 'arm']],
    ['arm64,arm,s390x', ['common']],
    ['arm64,arm,s390x,ppc64le,riscv64,loong64,mips64le,mips64', ['common']],
    ['arm64,arm,s390x,alpha', ['aarch64', 'arm', 's390x', 'alpha']],
  ])('platforms: %j', async (platforms, tags) => {
    const { code, pulls } = await run({ platforms });
    expect(code).toBe(0);
    expect(pulls).toEqual(tags.map((tag) => `${IMAGE}:${tag}`));
  });

  test('of an engine that does not read zstd, one-guest images up to where larger ones are less', async () => {
    engine.info = 'x86_64 20.10.24';
    const seven = 'arm64,arm,s390x,ppc64le,riscv64,loong64,mips64le';
    expect((await run({ platforms: seven })).pulls).toHaveLength(7);
    expect((await run({ platforms: `${seven},mips64` })).pulls).toEqual([`${IMAGE}:common`]);
    expect((await run({ platforms: `${seven},alpha` })).pulls).toHaveLength(8);
  });

  test('`common` for each set of guests that sources.json has in it', async () => {
    const { common } = JSON.parse(readFileSync(resolve(ROOT, 'sources.json'), 'utf8'));
    engine.info = 'other 28.5.1';
    expect((await run({ platforms: common.join(), verify: 'false' })).pulls).toEqual([`${IMAGE}:common`]);
    for (const name of GUEST_NAMES.filter((one) => guest(one).emulator === undefined)) {
      const { pulls } = await run({
        platforms: [...common.slice(0, 2), name, 'arm'].join(),
        verify: 'false',
      });
      const isCommon = common.includes(name) && !common.slice(0, 2).includes(name);
      expect(pulls.includes(`${IMAGE}:common`), name).toBe(isCommon);
    }
  });

  test('nothing for the CPU of the engine, whatever this machine is', async () => {
    engine.info = 'aarch64 28.5.1';
    expect((await run({ platforms: 'arm64,amd64' })).pulls).toEqual([`${IMAGE}:x86_64`]);
  });

  test.each([
    [{ version: '11.1.3' }, ['aarch64-11.1.3']],
    [{ version: '11.1.3-1' }, ['aarch64-11.1.3-1']],
    [{ version: '11.1' }, ['11.1']],
    [{ version: 'stable' }, ['stable']],
    [{ version: '11.1.3', platforms: 'all' }, ['11.1.3']],
    [{ version: '11.1.3-1', platforms: 'arm64,arm,s390x' }, ['common-11.1.3-1']],
    [{ version: 'stable', platforms: 'arm64,arm,s390x' }, ['stable']],
    [{ version: '11.1.3', platforms: 'arm64,arm' }, ['aarch64-11.1.3', 'arm-11.1.3']],
  ])('%j', async (inputs, tags) => {
    expect((await run({ platforms: 'arm64', ...inputs })).pulls).toEqual(
      tags.map((tag) => `${IMAGE}:${tag}`),
    );
  });

  test('a digest in place of a tag, from another registry', async () => {
    const digest = `sha256:${'a'.repeat(64)}`;
    const { pulls } = await run({ digest, registry: 'ghcr.io', image: 'me/qemu', platforms: 'arm64' });
    expect(pulls).toEqual([`ghcr.io/me/qemu@${digest}`]);
  });
});

test('every platform of the table is one of its guest, every guest one of its name', async () => {
  const info = 'other 28.5.1';
  for (const name of GUEST_NAMES.filter((one) => guest(one).emulator === undefined))
    for (const platform of [...guest(name).platforms, name]) {
      engine.info = info;
      expect((await run({ platforms: platform, verify: 'false' })).pulls, platform).toEqual([
        `${IMAGE}:${name}`,
      ]);
    }
});

describe('how it registers', () => {
  test('one call of the image, which gives the status too, and one to verify', async () => {
    const { runs, outputs } = await run({ platforms: 'arm64' });
    expect(runs).toEqual([
      `run --rm --privileged ${IMAGE}:aarch64 --install aarch64 --status --json`,
      `run --rm --privileged ${IMAGE}:aarch64 --verify`,
    ]);
    expect(outputs.platforms).toBe('linux/amd64,linux/arm64');
    expect(JSON.parse(outputs.status ?? '')).toEqual(JSON.parse(engine.status));
  });

  test('reset comes with the first image alone', async () => {
    const { runs } = await run({ platforms: 'arm64,riscv64', reset: 'true', verify: 'false' });
    expect(runs.map((line) => line.replace(`run --rm --privileged ${IMAGE}:`, ''))).toEqual([
      'aarch64 --reset --install aarch64 --status --json',
      'riscv64 --install riscv64 --status --json',
    ]);
  });

  test('reset for the own CPU alone removes, and registers nothing', async () => {
    const { runs } = await run({ platforms: 'amd64', reset: 'true', verify: 'false' });
    expect(runs).toEqual([`run --rm --privileged ${IMAGE}:register --uninstall qemu-* --status --json`]);
  });

  test.each([
    ['F', '--credential no --preserve-argv0 no'],
    ['POCF', '--credential yes --preserve-argv0 yes'],
  ])('flags: %s', async (flags, words) => {
    expect((await run({ platforms: 'arm64', flags })).runs[0]).toContain(
      `--install aarch64 ${words} --status`,
    );
  });
});

describe('what fails is an annotation of one line, with cause and remedy', () => {
  test.each([
    [{ platforms: 'arm64;reboot' }, 'platforms: "arm64;reboot" is not a platform.'],
    [{ platforms: 'linux/arm/v7/x' }, 'platforms: "arm/v7/x" is not a platform.'],
    [{ flags: 'X' }, 'flags: "X": write F, PF, OCF or POCF.'],
    [{ digest: 'sha256:12' }, 'digest: "sha256:12" is not sha256: and 64 hex digits.'],
  ])('%j', async (inputs, cause) => {
    const { code, stdout, runs } = await run(inputs);
    expect(code).toBe(1);
    expect(stdout).toContain(`::error title=qemu-user-static::${cause}`);
    expect(runs).toEqual([]);
  });

  test('the register program’s error', async () => {
    engine.failing = '--install';
    engine.error = 'Flag C: a warning\nBINFMT_NOT_MOUNTED: there is no folder\n  remedy: Mount it.\nmore';
    const { code, stdout } = await run({ platforms: 'arm64' });
    expect(code).toBe(1);
    expect(stdout).toContain(
      '::error title=qemu-user-static::BINFMT_NOT_MOUNTED: there is no folder%0ARemedy: Mount it.\n',
    );
  });

  test('the engine’s own: its last line', async () => {
    engine.failing = 'pull';
    engine.error = 'first\nError: toomanyrequests: 100%';
    const { code, stdout } = await run({ platforms: 'arm64' });
    expect(code).toBe(1);
    expect(stdout).toContain('::error title=qemu-user-static::Error: toomanyrequests: 100%25\n');
  });

  test('an engine that is not there', async () => {
    engine.failing = 'info';
    engine.error = 'Cannot connect to the Docker daemon';
    const { code, stdout } = await run({});
    expect(code).toBe(1);
    expect(stdout).toContain('::error title=qemu-user-static::Cannot connect to the Docker daemon\n');
  });

  test('an emulator that does not run', async () => {
    engine.verify = 'aarch64        FAILED: ended with exit code 1';
    const { code, stdout } = await run({ platforms: 'arm64' });
    expect(code).toBe(1);
    expect(stdout).toContain('::error title=qemu-user-static::aarch64: FAILED: ended with exit code 1\n');
  });

  test('but not a platform without an entry that the CPU runs', async () => {
    engine.info = 'aarch64 28.5.1';
    engine.status = '{ "supported": [ "linux/arm64", "linux/arm/v7" ] }';
    engine.verify = '';
    expect((await run({ platforms: 'arm' })).code).toBe(0);
    expect((await run({ platforms: 'arm/v7' })).code).toBe(0);
    expect((await run({ platforms: 'ppc64le' })).code).toBe(1);
  });

  test('an emulator that verify does not know of', async () => {
    engine.verify = 'riscv64 ok';
    const { code, stdout } = await run({ platforms: 's390x' });
    expect(code).toBe(1);
    expect(stdout).toContain('s390x: it is not registered.');
  });
});

test('another’s entry that does not run is a warning', async () => {
  engine.verify = 'aarch64        ok\nsparc64        FAILED: its interpreter is gone';
  const { code, stdout } = await run({ platforms: 'arm64' });
  expect(code).toBe(0);
  expect(stdout).toContain(
    '::warning title=qemu-user-static::sparc64, which this step did not register: FAILED',
  );
});

test('the example in README.md gives inputs that there are', async () => {
  const [text = ''] = readmeSnippets().flatMap(({ text }) =>
    text.includes(`uses: ${PROJECT.github}`) ? text : [],
  );
  const [step] = parse(text) as [{ with: Record<string, string> }];
  expect((await run(step.with)).code).toBe(0);
});

test('docs/actions.md lists every input and output, with its default', async () => {
  const page = readFileSync(resolve(ROOT, 'docs/actions.md'), 'utf8');
  const { inputs, outputs } = await readAction();
  for (const [name, input] of Object.entries(inputs))
    expect(page).toContain(
      `| \`${name}\` | ${input.default === '' ? '' : `\`${input.default}\``} | `.replace('|  |', '| |'),
    );
  for (const name of Object.keys(outputs)) expect(page).toContain(`| \`${name}\` | `);
});

describe.skipIf(spawnSync('shellcheck', ['--version']).status !== 0)('its script (shellcheck)', () => {
  test('has nothing that shellcheck finds', () => {
    const { stdout } = spawnSync('shellcheck', [resolve(ROOT, 'action/register.sh')], { encoding: 'utf8' });
    expect(stdout).toBe('');
  });
});
