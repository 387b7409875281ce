import { globSync } from 'node:fs';

/** A folder whose tests are proven together: its code is altered, and the tests nearest to it have to notice. */
export interface Area {
  /** As `--project` and docs/testing.md name it. */
  readonly name: string;
  readonly language: 'TypeScript' | 'shell';
  /** From the root of the repository. */
  readonly folder: string;
  /** Globs of the tests that may notice. */
  readonly tests: readonly string[];
  /** Of 100 alterations, so many have to be noticed. */
  readonly least: number;
}

const PROOF = 90;
const REST = 80;

const ROOMS = 'apps/image-builder/src';
/** Rooms in which a fault could publish what nobody proved. */
const PROVING = ['build', 'check', 'github-release', 'images', 'publish'];
/** Tests of rooms that are in another folder: what a command does is tested with the command. */
const ALSO: Readonly<Record<string, readonly string[]>> = {
  attest: ['commands/attest.test.ts'],
  'github-release': ['commands/github-release.test.ts'],
  layouts: ['commands/{foreign-layouts,merge}.test.ts'],
  release: ['build/build.test.ts'],
  track: ['commands/track*.test.ts'],
};
/** Tests of registering start shells by the thousand; these read what the TypeScript makes. */
const RENDERED = ['render', 'state', 'differences'].map((name) => `apps/register/src/${name}.test.ts`);

/** Every folder that is altered: libraries, rooms of image-builder, the register program and its script. */
export function areasOf(root: string): Area[] {
  const libs = globSync('libs/*', { cwd: root }).sort();
  const rooms = globSync('*/', { cwd: `${root}/${ROOMS}` })
    .filter((name) => name !== 'testing')
    .sort();
  return [
    ...libs.map((folder) => ofTypeScript(folder, folder, PROOF)),
    ...rooms.map((room) =>
      ofTypeScript(`image-builder/${room}`, `${ROOMS}/${room}`, PROVING.includes(room) ? PROOF : REST, [
        `${ROOMS}/${room}/**/!(*.e2e).test.ts`,
        ...(ALSO[room] ?? []).map((tests) => `${ROOMS}/${tests}`),
      ]),
    ),
    ofTypeScript('register', 'apps/register/src', PROOF, RENDERED),
    {
      name: 'register/script',
      language: 'shell',
      folder: 'apps/register/src/script',
      tests: [],
      least: PROOF,
    },
  ];
}

const ofTypeScript = (
  name: string,
  folder: string,
  least: number,
  tests: readonly string[] = [`${folder}/**/!(*.e2e).test.ts`],
): Area => ({ name, language: 'TypeScript', folder, tests, least });

/** Globs of an area's code: no tests, nothing that only tests and measurements use, and no texts for people. */
export const codeOf = ({ language, folder }: Area): string[] =>
  language === 'shell'
    ? [`${folder}/**/*.sh`]
    : [
        `${folder}/**/*.ts`,
        '!**/*.test.ts',
        '!**/testing/**',
        '!**/bench/**',
        '!**/errors.ts',
        '!**/*-worker.ts',
      ];
