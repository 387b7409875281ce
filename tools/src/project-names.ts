import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { browserAddress, repositoryAddress } from '@qemu-user-static/image-builder/repository';
import { projectFiles, ROOT } from './repository.ts';

/** The names of the project in each place. A fork sets `repository` in package.json; all else follows from it. */
export interface ProjectNames {
  /** `OWNER/REPO` on GitHub, as its owner writes it. */
  readonly github: string;
  /** Of its images, in lower case. */
  readonly image: string;
  /** Of its packages on npm: `@owner`. */
  readonly scope: string;
}

/** @param repository the address of a repository, in any form that package.json may have */
export function namesOf(repository: string): ProjectNames {
  const address = browserAddress(repository);
  if (address === null) throw new Error(`"${repository}" is not the address of a repository`);
  const github = new URL(address).pathname.slice(1);
  const image = github.toLowerCase();
  return { github, image, scope: `@${image.split('/')[0]}` };
}

/** Those of this checkout. */
export const PROJECT = namesOf(await repositoryAddress(resolve(ROOT, 'package.json')));

/** Files that name the project for people who copy from them. Code reads package.json. */
export const namedFiles = () =>
  projectFiles(
    ':(top,glob)*.md',
    'action.yml',
    'docs',
    'examples',
    '.github',
    'libs/arch-table/README.md',
    ':!docs/benchmarks.*',
  );

/** Those that the files have now: the badge of README.md is the first place. */
export function writtenNames(readme = textOf('README.md')): ProjectNames {
  const [, github] = /github\.com\/([^/\s]+\/[^/\s]+)\/actions\/workflows\/ci\.yml/.exec(readme) ?? [];
  if (github === undefined) throw new Error('README.md does not have the badge of ci.yml');
  return namesOf(`https://github.com/${github}`);
}

/** Where the name is that of the repository on GitHub; anywhere else it is that of the image. */
const ON_GITHUB = String.raw`(?<=github\\?\.com/|githubusercontent\.com/|shields\.io/github/v/release/|uses: )`;
const END = String.raw`(?![\w-])`;

/** A text with the names of the project exchanged. */
export function renamed(text: string, from: ProjectNames, to: ProjectNames): string {
  const all = (pattern: string) => new RegExp(pattern, 'g');
  return text
    .replace(all(ON_GITHUB + RegExp.escape(from.github) + END), to.github)
    .replace(all(String.raw`(?<![\w.]|\w-)${RegExp.escape(from.image)}${END}`), to.image)
    .replace(all(`${RegExp.escape(from.scope)}/`), `${to.scope}/`);
}

function textOf(file: string): string {
  return readFileSync(resolve(ROOT, file), 'utf8');
}
