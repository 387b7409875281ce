import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PROJECT } from '../project-names.ts';
import { ROOT } from '../repository.ts';
import { packageFolder } from './build.ts';

// The package that `nx release` sends to npm, installed and used without anything else of this project.

const execute = promisify(execFile);
const elsewhere = await mkdtemp(join(tmpdir(), 'package-'));
afterAll(() => rm(elsewhere, { recursive: true }));

const PACKAGE = packageFolder('libs/arch-table');
const NAME = `${PROJECT.scope}/arch-table`;
/** No registry is needed for any of it. */
const env = {
  PATH: `${join(ROOT, 'node_modules/.bin')}:${process.env.PATH}`,
  HOME: elsewhere,
  npm_config_registry: 'http://127.0.0.1:1',
  npm_config_fetch_retries: '0',
};
const run = async (program: string, words: readonly string[], cwd = elsewhere) =>
  (await execute(program, words, { cwd, env })).stdout;

describe('the package of arch-table', () => {
  let released: string;
  let packed: { readonly filename: string; readonly files: readonly { readonly path: string }[] };

  beforeAll(async () => {
    released = await run('nx', ['release', '0.1.0', '--first-release', '--dry-run', '--yes'], ROOT);
    [packed] = JSON.parse(await run('npm', ['pack', '--json', PACKAGE]));
    await writeFile(join(elsewhere, 'package.json'), '{ "type": "module" }');
    await run('npm', ['install', '--offline', `./${packed.filename}`]);
  });

  test('is versioned, tagged and published by nx release', () => {
    expect(released).toContain(`${NAME} 0.1.0 in dist/packages/arch-table/package.json`);
    expect(released).toContain('Tagging commit with git');
    expect(released).toContain(`+ ${NAME}@`);
  });

  test('has JavaScript and types for each source, README and licence, and says how it was made', async () => {
    const sources = (await readdir(resolve(ROOT, 'libs/arch-table/src'))).filter(
      (name) => !name.includes('.test.'),
    );
    const compiled = sources.flatMap((name) =>
      ['.js', '.d.ts'].map((end) => `lib/${name.replace('.ts', end)}`),
    );
    expect(packed.files.map(({ path }) => path).sort()).toEqual(
      ['LICENSE', 'README.md', 'package.json', ...compiled].sort(),
    );
    expect(JSON.parse(await readFile(join(PACKAGE, 'package.json'), 'utf8'))).toMatchObject({
      license: 'MIT',
      repository: {
        url: `git+https://github.com/${PROJECT.github}.git`,
        directory: 'libs/arch-table',
      },
      publishConfig: { access: 'public', provenance: true },
    });
  });

  test('is used from JavaScript as its README shows', async () => {
    const readme = await readFile(join(elsewhere, 'node_modules', NAME, 'README.md'), 'utf8');
    const [, example = ''] = /```js\n([^`]*)```/.exec(readme) ?? [];
    const printed = example.replace(/^(\w+\(.*\)); \/\/.*$/gm, 'console.log($1);');
    await writeFile(join(elsewhere, 'example.js'), printed);
    const [guest, line] = (await run(process.execPath, ['example.js'])).split('\n');
    expect(guest).toBe('aarch64');
    expect(line).toMatch(/^:qemu-aarch64:M::\\x7f.*:\/usr\/bin\/qemu-aarch64-static:F$/);
  });

  test('is typed: TypeScript refuses a guest that the table does not have', async () => {
    const check = async (guest: string) => {
      const text = `import { type GuestRow, guest } from '${NAME}';\nexport const row: GuestRow = guest('${guest}');\n`;
      await writeFile(join(elsewhere, 'typed.ts'), text);
      const words = [
        '--noEmit',
        '--strict',
        '--module',
        'nodenext',
        '--target',
        'es2024',
        '--types',
        '',
        'typed.ts',
      ];
      return run('tsc', words).then(
        () => 'typed',
        ({ stdout }: { stdout: string }) => stdout,
      );
    };
    expect(await check('aarch64')).toBe('typed');
    expect(await check('aarch65')).toMatch(/error TS2345: Argument of type '"aarch65"'/);
  });
});
