import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { REGISTER_ERRORS } from './errors.ts';
import { shellAliases, shellFacts, shellRemedies, shellTable } from './table.ts';

/** The hand-written parts, which are as much source as this file: read once, in the order of their names. */
const PARTS = new URL('./script/', import.meta.url);
const [head = '', ...logic] = readdirSync(PARTS)
  .sort()
  .map((name) => readFileSync(new URL(name, PARTS), 'utf8').trim());

/**
 * The program inside the images: one POSIX shell script. First what comes from the table of guests and the
 * catalogue of errors, then the logic. The same input gives the same bytes; `--version` shows their hash.
 */
export function renderRegisterScript(): string {
  const data = [shellFacts(), shellTable(), shellAliases(), shellRemedies(REGISTER_ERRORS)];
  const body = [
    head,
    '# The table: made from libs/arch-table; changes here are lost.',
    ...data,
    ...logic,
  ].join('\n\n');
  const edition = createHash('sha256').update(body).digest('hex').slice(0, 12);
  return `#!/bin/sh
# register: tells the kernel (binfmt_misc) which QEMU emulator runs the programs of which CPU. \`register --help\`
# Made from apps/register of https://github.com/alekitto/qemu-user-static (MIT). Runs in busybox ash, dash and bash.
EDITION=${edition}
${body}
`;
}
