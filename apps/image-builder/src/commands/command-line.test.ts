import { mkdtemp, readFile } from 'node:fs/promises';
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

test('every command is an Nx target', async () => {
  const project = new URL('../../project.json', import.meta.url);
  const { targets } = JSON.parse(await readFile(project, 'utf8')) as {
    targets: Record<string, { command?: string }>;
  };
  for (const name of Object.keys(COMMANDS))
    expect(targets[name]?.command).toBe(`node apps/image-builder/src/main.js ${name}`);
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
    [['publish'], "required option '--to <repository>' not specified"],
    [['publish', '--to', 'https://ghcr.io/o/q'], 'REFERENCE_INVALID: "https://ghcr.io/o/q" is an address'],
    [['publish', '--to', 'ghcr.io/o/q', '--connections', '0'], 'from 1 to 99'],
    [['verify-remote'], "required option '--at <image>' not specified"],
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

  test('nothing at all shows the help', async () => {
    const { status, stderr } = await run();
    expect(status).toBe(2);
    expect(stderr).toContain('Usage: image-builder');
  });
});

describe.concurrent('a failure ends with status 1, a code and a remedy on stderr', () => {
  test('no network, after a few tries', { timeout: 60_000 }, async () => {
    const cache = await mkdtemp(join(tmpdir(), 'cli-'));
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
