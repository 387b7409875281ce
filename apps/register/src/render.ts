import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { REGISTER_ERRORS } from './errors.ts';
import {
  shellAliases,
  shellLists,
  shellOtherSystems,
  shellProbes,
  shellRemedies,
  shellTable,
} from './table.ts';

/**
 * The hand-written parts of `script/`, in the order of the program. They are listed, not found: no other file of the
 * folder becomes part of the images.
 */
export const PARTS = {
  settings: ['registering/00-settings.sh'],
  registering: [
    'registering/10-messages.sh',
    'registering/20-options.sh',
    'registering/30-guests.sh',
    'registering/40-mount.sh',
    'registering/50-entries.sh',
    'registering/60-lock.sh',
    'registering/70-plan.sh',
    'registering/80-change.sh',
    'registering/90-main.sh',
  ],
  reporting: [
    'reporting/10-probes.sh',
    'reporting/15-export.sh',
    'reporting/20-status.sh',
    'reporting/30-verify.sh',
    'reporting/40-doctor.sh',
    'reporting/50-usage.sh',
    'reporting/90-main.sh',
  ],
} as const;

const read = (paths: readonly string[]) =>
  paths.map((path) => readFileSync(new URL(`./script/${path}`, import.meta.url), 'utf8').trim());

const MADE = '# Made from libs/arch-table; changes here are lost.';

/**
 * The program inside the images: one POSIX shell script. What registering needs comes first and reports after
 * it; each half begins with what is made from the table of guests and the catalogue of errors. The same input
 * gives the same bytes; `--version` shows their hash.
 * @param repository URL of the repository that it is made in, for the script's header.
 */
export function renderRegisterScript(repository: string): string {
  const body = [
    ...read(PARTS.settings),
    MADE,
    shellLists(),
    shellTable(),
    shellAliases(),
    shellOtherSystems(),
    shellRemedies(REGISTER_ERRORS),
    ...read(PARTS.registering),
    MADE,
    shellProbes(),
    ...read(PARTS.reporting),
  ].join('\n\n');
  const edition = createHash('sha256').update(body).digest('hex').slice(0, 12);
  return `#!/bin/sh
# register: registers QEMU emulators with the kernel's binfmt_misc, one per CPU architecture. See \`register --help\`.
# Made from apps/register of ${repository} (MIT). Runs in busybox ash, dash and bash.
${body.replace('@EDITION@', edition)}
`;
}
