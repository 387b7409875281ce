import { mkdirSync, mkdtempSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, MULTIARCH, OTHERS, OWN, said, typed } from './commands.ts';
import { code, table } from './markdown.ts';
import type { Outcome } from './run.ts';
import { scratch } from './script.ts';

/** The page that the command lines make, wherever they are run. */
export const COMMANDS_PAGE = join(import.meta.dirname, '../../../../docs/register-commands.md');

/** One call after another, from an empty table: the outcome of the last, what it left, and its files. */
export type Machine = (command: Command, exported: string) => Promise<{ outcome: Outcome; left: string }>;

async function rows(commands: readonly Command[], machine: Machine): Promise<string[][]> {
  const found = [];
  for (const command of commands) {
    const exported = mkdtempSync(join(scratch(), 'export-'));
    mkdirSync(join(exported, 'etc/binfmt.d'), { recursive: true });
    mkdirSync(join(exported, 'usr/bin'), { recursive: true });
    const result = await machine(command, exported);
    const files = readdirSync(exported, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    ).length;
    found.push([
      command.image,
      code(typed(command)) + (command.after === undefined ? '' : `, after ${code(command.after)}`),
      String(result.outcome.code),
      result.left + (files > 0 ? `; ${files} files` : ''),
      said(result.outcome),
    ]);
  }
  return found;
}

/** Runs every command line on a machine. */
export async function commandsPage(machine: Machine): Promise<string> {
  const head = ['image', 'command line', 'exit', 'left in the kernel', 'said'];
  return `# Every command line, and what it leaves

Written by \`apps/register/src/commands.test.ts\` on amd64, which runs each line in the image's root folder and in a user
namespace with a table of entries of its own. \`commands.e2e.test.ts\` runs each in a container, on every Docker engine that
is available; all must give this page. To write it again: \`npx vitest run --project register commands -u\`.

Each line stands behind \`docker run --rm --privileged\`, or behind \`docker run --rm --cap-drop ALL
-v /proc/sys/fs/binfmt_misc:/binfmt_misc\`. \`IMAGE\` is this project's image with the tag in the first column. Where
files are counted, a folder of the host is mounted on \`/export\`. Each line begins with an empty table.

## multiarch's command line and QEMU's

${table(head, await rows(MULTIARCH, machine))}

## tonistiigi/binfmt's command line

${table(head, await rows(OTHERS, machine))}

## Its own

${table(head, await rows(OWN, machine))}
`;
}
