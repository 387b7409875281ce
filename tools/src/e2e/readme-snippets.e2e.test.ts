import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { PROJECT } from '../project-names.ts';
import { readmeSnippets, testedBy } from '../readme.ts';
import { readTable, restoreTable, type Table } from './binfmt-table.ts';
import { guestLayout } from './debian-guests.ts';
import { type Engine, NO_ENGINES, openEngine, removeImages, run } from './engines.ts';
import { BINFMT, ENGINES, LAYOUT } from './places.ts';
import { dockerShim, type Shim } from './shim.ts';

// README.md from top to bottom, as its reader pastes it. Debian's busybox stands for alpine.

const IMAGE = PROJECT.image;
const snippets = readmeSnippets().filter((snippet) => testedBy(snippet) === 'run');

/** The output of a snippet, by a part of it. Each runs after those above it in the page. */
const PRINTS: readonly (readonly [part: string, output: RegExp])[] = [
  ['alpine uname -m', /^aarch64$/m],
  ['--install arm64,riscv64', /"qemu-riscv64"/],
  ['--verify', /^aarch64 +ok$/m],
  ['--uninstall all', /"emulators": \[\]/],
  ['--doctor', /binfmt_misc is mounted/],
  ['--reset -p yes', /^Setting \S+ as binfmt interpreter for aarch64$/m],
  ['docker run --rm --platform linux/s390x', /^s390x$/m],
];

describe.skipIf(NO_ENGINES !== undefined)('the snippets of README.md (root, engine)', () => {
  let before: Table;
  beforeAll(async () => {
    before = await readTable(BINFMT);
  });

  describe.each(Object.values(ENGINES))('$name', (place) => {
    let engine: Engine;
    let shim: Shim;
    const bash = (script: string) =>
      run(['bash', '--norc', '-euo', 'pipefail', '-c', script], { env: shim.env, patience: 120_000 });
    const succeed = async (script: string) => {
      const { code, stdout, stderr } = await bash(script);
      expect(code, `${script}\n${stderr}`).toBe(0);
      return stripVTControlCharacters(stdout);
    };

    beforeAll(async () => {
      engine = openEngine(place);
      shim = dockerShim(engine);
      const load = async (...words: string[]) =>
        expect((await engine.builder('load', ...words)).code).toBe(0);
      for (const tag of ['latest', 'x86_64-aarch64']) await load('--layout', LAYOUT, '--image', tag);
      // Only Debian's release differs.
      await engine.docker('tag', IMAGE, `${IMAGE}:stable`);
      const { folder } = await guestLayout();
      await load('--layout', folder, '--image', 'arm64v8', '--repository', 'alpine');
      await engine.docker('tag', 'alpine:arm64v8', 'alpine');
    }, 240_000);

    afterAll(async () => {
      await restoreTable(BINFMT, before);
      await removeImages(engine);
      shim.close();
    }, 60_000);

    const commands = snippets.filter(
      ({ language, text }) => ['sh', 'cell'].includes(language) && !text.includes('s390x'),
    );
    test.each(commands.map(({ text }) => text))('%s', async (text) => {
      const output = await succeed(text);
      const [, expected] = PRINTS.find(([part]) => text.includes(part)) ?? [];
      if (expected === undefined) throw new Error('nobody has said what it prints');
      expect(output).toMatch(expected);
    });

    test('Compose', async () => {
      const text = snippets.find(({ text: one }) => one.startsWith('services:'))?.text ?? '';
      const file = join(shim.folder, 'compose.yaml');
      const less = engine.name === 'Docker 20.10';
      // The engine that may not give all rights; its shim sees no files.
      const rights = `cap_drop: [ALL]\n    volumes: ["${BINFMT}:/binfmt_misc"]`;
      writeFileSync(file, less ? text.replace('privileged: true', rights) : text);
      const output = await succeed(
        `docker compose -p readme -f ${file} up; docker compose -p readme -f ${file} down`,
      );
      expect(output).toMatch(/^app.*\| aarch64$/m);
    });

    test('GitLab CI: the lines of the job', async () => {
      const text = snippets.find(({ text: one }) => one.startsWith('build:'))?.text ?? '';
      const { build } = parse(text) as { build: { script: string[] } };
      expect(await succeed(build.script.join('\n'))).toMatch(/^aarch64$/m);
    });

    test('the Dockerfile', async () => {
      const text = snippets.find(({ language }) => language === 'Dockerfile')?.text ?? '';
      const context = join(shim.folder, 'context');
      mkdirSync(context);
      writeFileSync(join(context, 'Dockerfile'), `${text}\nRUN uname -m > /machine\n`);
      await succeed(`docker build --pull=false --network=none --tag copied ${context}`);
      expect(await succeed('docker run --rm --platform linux/arm64 copied cat /machine')).toBe('aarch64\n');
    });
  });
});
