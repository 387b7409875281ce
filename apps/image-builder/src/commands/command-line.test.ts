import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { callMain } from '../testing/main.ts';
import { COMMANDS } from './command-line.ts';

/** Runs the command line as a person does. */
const run = (...args: string[]) => callMain(args, { NO_COLOR: '1' });

describe.concurrent('help', () => {
  test('lists every command, on stdout, with status 0', async () => {
    const { status, stdout } = await run('--help');
    expect(status).toBe(0);
    for (const name of Object.keys(COMMANDS)) expect(stdout).toContain(`\n  ${name} `);
  });

  test.each(Object.keys(COMMANDS))('%s has its own', async (command) => {
    const { status, stdout } = await run(command, '--help');
    expect(status).toBe(0);
    expect(stdout).toContain(`Usage: image-builder ${command} [options]`);
    expect(stdout).toContain('--json');
  });
});

test('every command is an Nx target with the same description', async () => {
  const project = new URL('../../project.json', import.meta.url);
  const { targets } = JSON.parse(await readFile(project, 'utf8')) as {
    targets: Record<string, unknown>;
  };
  for (const [name, { description }] of Object.entries(COMMANDS))
    expect(targets[name]).toMatchObject({
      command: `node apps/image-builder/src/main.js ${name}`,
      metadata: { description },
    });
});

describe.concurrent('wrong usage ends with status 2 and says what is right', () => {
  test.each([
    [['relaese'], '(Did you mean release?)'],
    [['release', '--chanel', 'stable'], '(Did you mean --channel?)'],
    [['release', '--platform', 'linux/amd46'], 'Did you mean "linux/amd64"?'],
    [['release', '--compression', 'zstd'], 'gzip or gzip,zstd'],
    [['release', 'surplus'], 'too many arguments'],
    [['release', '--github', 'o'], 'GITHUB_SETTING_INVALID: a repository on GitHub is OWNER/REPO, not "o"'],
    [
      ['release', '--github', 'o/r', '--platform', 'linux/amd64'],
      'USAGE: a release on GitHub has every platform',
    ],
    [['release', '--push'], 'USAGE: --push goes with --github; to send images to a registry: npx --no'],
    [['publish'], "required option '-r, --repository <name>' not specified"],
    [['publish', '--to', 'https://ghcr.io/o/q'], 'REFERENCE_INVALID: "https://ghcr.io/o/q" is an address'],
    [['publish', '--to', 'ghcr.io/o/q', '--connections', '0'], 'from 1 to 99'],
    [['verify-remote'], "required option '-r, --repository <image>' not specified"],
    [
      ['release', '--channel', 'beta'],
      'CHANNEL_UNKNOWN: no channel "beta" in the lock, which has latest, oldstable, stable',
    ],
    [
      ['release', '--channel', 'oldstable', '--platform', 'riscv64'],
      'PLATFORM_UNAVAILABLE: channel oldstable has no linux/riscv64',
    ],
    [
      ['context', '--image', 'aarch46', '--mirror', 'http://127.0.0.1:1'],
      'IMAGE_UNKNOWN: no image "aarch46"',
    ],
  ])('%j', async (args, message) => {
    const { status, stdout, stderr } = await run(...args);
    expect(stderr).toContain(message);
    expect([status, stdout]).toEqual([2, '']);
  });

  test.each([
    ['--chanel=stable', '--channel'],
    ['--platfrom=linux/amd64', '--platform'],
  ])('an unknown option with its value is answered with the nearest: %s', async (slip, meant) => {
    const { status, stderr } = await run('release', slip);
    expect(stderr).toContain(`(Did you mean ${meant}?)`);
    expect(status).toBe(2);
  });

  test('context makes one image, and does not silently leave out a channel', async () => {
    const { status, stderr } = await run('context', '--channel', 'latest', '--channel', 'stable');
    expect(stderr).toContain('give --channel once, not latest and stable');
    expect(status).toBe(2);
  });

  test('npm run release --platform=… is refused, because npm keeps the option for itself', async () => {
    const { status, stderr } = await callMain(['release'], {
      npm_config_platform: 'linux/amd64',
      npm_lifecycle_event: 'release',
    });
    expect(stderr).toContain('write: npm run release -- --platform=linux/amd64');
    expect(status).toBe(2);
  });

  test('nothing at all shows the help', async () => {
    const { status, stderr } = await run();
    expect(status).toBe(2);
    expect(stderr).toContain('Usage: image-builder');
  });
});

test('--version prints the version of package.json', async () => {
  const { status, stdout } = await run('--version');
  expect([status, stdout]).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+\n$/)]);
});

test('help COMMAND is COMMAND --help', async () => {
  expect(await run('help', 'sbom')).toEqual(await run('sbom', '--help'));
});

describe.concurrent('--json', () => {
  test('a failure without a result is one JSON document, and the message is on stderr as well', async () => {
    const { status, stdout, stderr } = await run(
      'check',
      '--json',
      '--output',
      join(tmpdir(), 'no-such-layout'),
    );
    expect(JSON.parse(stdout)).toEqual({
      schemaVersion: 1,
      error: {
        code: 'LAYOUT_INVALID',
        message: expect.stringContaining('no-such-layout'),
        causes: [],
        remedy: expect.any(String),
      },
    });
    expect(stderr).toContain('LAYOUT_INVALID: ');
    expect(status).toBe(1);
  });
});

describe.concurrent('completion', () => {
  const bash = async (...words: string[]) => {
    const { stdout: script } = await run('completion', 'bash');
    const call = `COMP_WORDS=(image-builder ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}; _image_builder; printf '%s\n' "\${COMPREPLY[@]}"`;
    return execFileSync('bash', ['-c', `${script}\n${call}`], { encoding: 'utf8' })
      .trim()
      .split('\n');
  };

  test('bash completes commands', async () => {
    expect(await bash('ver')).toEqual(['verify-remote']);
  });

  test('bash completes the options of a command', async () => {
    expect(await bash('sbom', '--fo')).toEqual(['--format']);
  });

  test.each(['zsh', 'fish'])('%s gets every command', async (shell) => {
    const { status, stdout } = await run('completion', shell);
    expect(status).toBe(0);
    for (const name of Object.keys(COMMANDS)) expect(stdout).toContain(name);
  });

  test('another shell is wrong usage', async () => {
    expect(await run('completion', 'csh')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('bash, zsh, fish'),
    });
  });
});

describe.concurrent('a failure ends with status 1, a code and a remedy on stderr', () => {
  test('no network, after a few tries', { timeout: 60_000 }, async ({ onTestFinished }) => {
    const cache = await mkdtemp(join(tmpdir(), 'cli-'));
    onTestFinished(() => rm(cache, { recursive: true }));
    const { status, stdout, stderr } = await run(
      'fetch',
      '--platform',
      'amd64',
      '--mirror',
      'http://127.0.0.1:1/debian',
      '--cache',
      cache,
    );
    expect(stderr).toMatch(/^CONNECTION_[A-Z]+: .*127\.0\.0\.1/m);
    expect(stderr).toMatch(/^ {2}remedy: /m);
    expect([status, stdout]).toEqual([1, '']);
  });

  test('no layout', async () => {
    const { status, stderr } = await run('check', '--output', join(tmpdir(), 'no-such-layout'));
    expect([status, stderr]).toEqual([1, expect.stringContaining('LAYOUT_INVALID: ')]);
  });
});

describe.concurrent('options under their earlier names', () => {
  test.each([
    ['check', '--output'],
    ['sbom', '--layout'],
    ['publish', '--from'],
  ])('%s %s names the layout', async (command, option) => {
    const repository = command === 'publish' ? ['--to', 'localhost:1/o/r'] : [];
    const { stderr } = await run(command, option, join(tmpdir(), 'no-such-layout'), ...repository);
    expect(stderr).toMatch(/^LAYOUT_INVALID: .*no-such-layout/m);
  });

  test('have no line of their own in --help', async () => {
    const { stdout } = await run('publish', '--help');
    expect(stdout).toContain('--layout <folder>');
    expect(stdout).not.toMatch(/--from|--to\b/);
  });
});
