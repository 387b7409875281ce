import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { REGISTER_ERRORS } from './errors.ts';
import { shellAliases, shellLists, shellProbes, shellRemedies, shellTable } from './table.ts';

/** The hand-written parts, which are as much source as this file: read once, in the order of their names. */
function parts(folder: string): readonly string[] {
  const url = new URL(`./script/${folder}/`, import.meta.url);
  return readdirSync(url)
    .sort()
    .map((name) => readFileSync(new URL(name, url), 'utf8').trim());
}
const [settings = '', ...registering] = parts('registering');
const reporting = parts('reporting');

/**
 * The program inside the images: one POSIX shell script. What registering needs comes first and reports after
 * it; each half begins with what is made from the table of guests and the catalogue of errors. The same input
 * gives the same bytes; `--version` shows their hash.
 */
export function renderRegisterScript(): string {
  const body = [
    settings,
    '# Made from libs/arch-table; changes here are lost.',
    shellLists(),
    shellTable(),
    shellAliases(),
    shellRemedies(REGISTER_ERRORS),
    ...registering,
    '# Made from libs/arch-table; changes here are lost.',
    shellProbes(),
    ...reporting,
  ].join('\n\n');
  const edition = createHash('sha256').update(body).digest('hex').slice(0, 12);
  return `#!/bin/sh
# register: tells the kernel (binfmt_misc) which QEMU emulator runs the programs of which CPU. \`register --help\`
# Made from apps/register of https://github.com/alekitto/qemu-user-static (MIT). Runs in busybox ash, dash and bash.
${body.replace('@EDITION@', edition)}
`;
}
