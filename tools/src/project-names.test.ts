import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { namedFiles, namesOf, PROJECT, renamed, writtenNames } from './project-names.ts';
import { projectFiles, ROOT } from './repository.ts';

const textOf = (file: string) => readFileSync(resolve(ROOT, file), 'utf8');
const FORK = namesOf('git+https://github.com/Some-One/Emulators.git');
// These tests compare with a name that is not the project's own, so a fork cannot be called like that.

test('the names come from the address of the repository; those of images are in lower case', () => {
  expect(FORK).toEqual({ github: 'Some-One/Emulators', image: 'some-one/emulators', scope: '@some-one' });
  expect(() => namesOf('nowhere')).toThrow('not the address');
});

test('the files have the name of package.json (npm run docs writes it)', () => {
  expect(writtenNames()).toEqual(PROJECT);
});

test('package.json is the only file with the name that a fork changes by hand', () => {
  const written = [...namedFiles(), 'package.json'];
  const code = projectFiles().filter((file) => !written.includes(file));
  const name = PROJECT.image;
  expect(code.filter((file) => textOf(file).toLowerCase().includes(name))).toEqual([]);
});

describe('in a fork', () => {
  const forked = (file: string) => renamed(textOf(file), PROJECT, FORK);

  test.each(namedFiles())('%s does not have the old name', (file) => {
    expect(forked(file).toLowerCase()).not.toContain(PROJECT.image);
    expect(forked(file)).not.toContain(`${PROJECT.scope}/`);
  });

  test('addresses on GitHub keep the capitals, images and packages do not', () => {
    const readme = forked('README.md');
    expect(readme).toContain('(https://github.com/Some-One/Emulators/actions/workflows/ci.yml)');
    expect(readme).toContain('uses: Some-One/Emulators@v');
    expect(readme).toContain('docker run --rm --privileged some-one/emulators --reset -p yes');
    expect(readme).toContain(String.raw`'^https://github\.com/Some-One/Emulators/`);
    expect(readme).toContain('https://raw.githubusercontent.com/Some-One/Emulators/main/examples/');
    expect(forked('action.yml')).toContain('default: some-one/emulators\n');
    expect(forked('.github/workflows/release.yml')).toContain(
      "'docker.io/some-one/emulators,ghcr.io/some-one/emulators'",
    );
    expect(forked('libs/arch-table/README.md')).toContain("from '@some-one/arch-table'");
  });

  test('it can be renamed again, and back', () => {
    for (const file of namedFiles()) expect(renamed(forked(file), FORK, PROJECT)).toBe(textOf(file));
    expect(writtenNames(forked('README.md'))).toEqual(FORK);
  });
});

test('another project whose name begins or ends like ours keeps it', () => {
  const { image } = PROJECT;
  const others = `x${image} ${image}x ${image}-2 x-${image}`;
  expect(renamed(others, PROJECT, FORK)).toBe(others);
});
