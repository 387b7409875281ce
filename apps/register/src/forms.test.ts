import { mkdirSync, mkdtempSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { elfPattern, escapeBytes, guest } from '@qemu-user-static/arch-table';
import { expect, test } from 'vitest';
import { NO_ARCHIVE } from './testing/archive.ts';
import { left, said } from './testing/commands.ts';
import { type Form, MULTIARCH, QEMU, QUS, TONISTIIGI } from './testing/forms.ts';
import { imageRoot, NO_STATIC_BUSYBOX } from './testing/image.ts';
import { code, table } from './testing/markdown.ts';
import { MOUNT, type Namespace, NO_NAMESPACES, openNamespace } from './testing/namespace.ts';
import { type QemuUser, qemuUser } from './testing/qemu-user.ts';
import type { Outcome } from './testing/run.ts';
import { scratch } from './testing/script.ts';
import { debianLines, registerHeld, tonistiigiLines } from './testing/tables.ts';

const PAGE = join(import.meta.dirname, '../../../docs/register-forms.md');
const reason =
  NO_ARCHIVE ?? NO_NAMESPACES ?? NO_STATIC_BUSYBOX ?? (process.arch === 'x64' ? undefined : 'not amd64');

/** Files of an image: all emulators, none, or one. */
function emulatorsOf(image: Form['image'], emulators: string): string {
  if (image === 'latest') return `mount --bind ${emulators} /mnt/usr/bin`;
  return image === 'register' ? '' : `cp ${emulators}/qemu-${image}-static /mnt/usr/bin`;
}

const mounts = (exported: string) => `mkdir -p /mnt/binfmt_misc /mnt/export
mount -t binfmt_misc binfmt_misc /mnt/binfmt_misc
mount -t binfmt_misc binfmt_misc ${MOUNT}
mount --bind ${exported} /mnt/export`;

/** Runs words in the image: of its entry point, or a program with its path. */
function call(machine: Namespace, argv: readonly string[], env = {}): Promise<Outcome> {
  const entry = argv[0] === '/bin/sh' ? [] : ['/register'];
  return machine.run(['chroot', '/mnt', ...entry, ...argv], { QEMU_BIN_DIR: '/usr/bin', ...env });
}

/** An entry of aarch64 that works, as another program left it. */
function oneEntry(emulators: string, flags: string): string {
  const { magic, mask } = elfPattern(guest('aarch64'));
  return `printf '%s\\n' ':qemu-aarch64:M::${escapeBytes(magic)}:${escapeBytes(mask)}:${emulators}/qemu-aarch64-static:${flags}' >${MOUNT}/register`;
}

async function formRow(form: Form, emulators: string): Promise<string[]> {
  const { image, argv, env = {}, before, written } = form;
  const exported = mkdtempSync(join(scratch(), 'forms-'));
  mkdirSync(join(exported, 'etc/binfmt.d'), { recursive: true });
  const mounted = before === 'nothing mounted' ? '' : mounts(exported);
  await using machine = await openNamespace(`${imageRoot()}\n${emulatorsOf(image, emulators)}\n${mounted}`);
  if (before === 'itself') await call(machine, argv.includes('--uninstall') ? ['-p', 'yes'] : argv, env);
  if (before === 'one entry with the same flags') await machine.sh(oneEntry(emulators, 'OCF'));
  if (before === 'one entry without flag C') await machine.sh(oneEntry(emulators, 'F'));
  const outcome = await call(machine, argv, env);
  const files = readdirSync(exported).filter((name) => name !== 'etc').length;
  const words = argv.map((word) => (/[ *]|^$/.test(word) ? `'${word}'` : word)).join(' ');
  const variables = Object.entries(env).map(([name, value]) => `-e ${name}=${value} `);
  return [
    image,
    code(written ?? `${variables.join('')}IMAGE ${words}`.trim()),
    before ?? 'empty',
    String(outcome.code),
    left(machine.entries()) + (files > 0 ? `; ${files} files` : ''),
    said(outcome).replace(/qemu-\w+ version .*(?=`)/, 'qemu-... version ...'),
  ];
}

/** One after another: each row has a namespace of its own. */
async function rowsOf(forms: readonly Form[], emulators: string): Promise<string> {
  const rows = [];
  for (const form of forms) rows.push(await formRow(form, emulators));
  return table(['image', 'written', 'table before', 'exit', 'left in the kernel', 'said'], rows);
}

const TABLES = [
  'empty',
  '`--reset -p yes`',
  "Debian's qemu-user-binfmt",
  'OCF, path gone',
  'POCF, path gone',
];

/** The table that a job finds. */
async function fill(machine: Namespace, found: string, qemu: QemuUser): Promise<void> {
  const image = `mount --bind ${qemu.emulators} /mnt/usr/bin`;
  if (found.startsWith('`')) {
    await machine.sh(image);
    const { code: exit } = await call(machine, found.replaceAll('`', '').split(' '));
    expect(exit).toBe(0);
    return;
  }
  if (found.startsWith('Debian')) await machine.sh(registerHeld(qemu.emulators, debianLines(qemu)));
  if (found.includes('OCF'))
    await machine.sh(registerHeld(qemu.emulators, tonistiigiLines(found.startsWith('P') ? 'OCFP' : 'OCF')));
  await machine.sh(image);
}

/** What docker/setup-qemu-action does with the image: two calls, of which a failed one ends the job. */
async function actionRow(found: string, platforms: string, qemu: QemuUser): Promise<string[]> {
  const exported = mkdtempSync(join(scratch(), 'action-'));
  await using machine = await openNamespace(`${imageRoot()}\n${mounts(exported)}`);
  await fill(machine, found, qemu);
  for (const argv of [['--install', platforms], []]) {
    const { code: exit, stdout, stderr } = await call(machine, argv);
    if (exit !== 0) return [found, platforms, stderr.trimEnd().split('\n').at(-1) ?? '', '', ''];
    const { supported, emulators } = JSON.parse(stdout.trim());
    if (argv.length > 0) continue;
    expect(emulators).toEqual(Object.keys(machine.entries()));
    const wanted = platforms === 'all' ? ['linux/amd64', 'linux/arm64', 'linux/s390x'] : [platforms];
    expect([found, platforms, supported]).toEqual([found, platforms, expect.arrayContaining(wanted)]);
    return [found, code(platforms), 'green', `${supported.length}`, left(machine.entries())];
  }
  return [];
}

async function actionRows(qemu: QemuUser): Promise<string> {
  const rows = [];
  for (const found of TABLES) {
    for (const platforms of ['linux/amd64', 'linux/arm64', 'all'])
      rows.push(await actionRow(found, platforms, qemu));
  }
  expect(rows.map(([found, platforms, job]) => [found, platforms, job])).toEqual(
    rows.map(([found, platforms]) => [found, platforms, 'green']),
  );
  return table(['table before', 'platforms', 'job', 'platforms supported', 'left in the kernel'], rows);
}

test.skipIf(reason !== undefined)(
  `every command line in the wild leaves what docs/register-forms.md says (network, user namespace, static busybox, amd64)${reason ? `: ${reason}` : ''}`,
  { timeout: 300_000 },
  async () => {
    const qemu = await qemuUser();
    const text = `# Command lines of public scripts, and what they do here

Written by \`apps/register/src/forms.test.ts\` on amd64, which runs each line in the image's root folder and in a user
namespace with a table of entries of its own. To write the page again: \`npx vitest run --project register forms -u\`.

Each line stands behind \`docker run --rm --privileged\`, where it does not say otherwise. \`IMAGE\` is
this project's image with the tag in the first column. The third column names the entries before the call.

## multiarch/qemu-user-static

${await rowsOf(MULTIARCH, qemu.emulators)}

## The options of QEMU's qemu-binfmt-conf.sh

${await rowsOf(QEMU, qemu.emulators)}

## tonistiigi/binfmt

${await rowsOf(TONISTIIGI, qemu.emulators)}

## aptman/qus

Its options are not taken.

${await rowsOf(QUS, qemu.emulators)}

## docker/setup-qemu-action

The action calls \`IMAGE --install PLATFORMS\`, then \`IMAGE\`, whose stdout it reads as JSON (\`supported\`). Debian's entries
are the package's own lines; the others are held emulators whose path is gone, as tonistiigi/binfmt leaves them.

${await actionRows(qemu)}
`;
    await expect(text).toMatchFileSnapshot(PAGE);
  },
);
