import { mkdirSync, mkdtempSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NO_ARCHIVE } from './testing/archive.ts';
import { type Command, type Image, left, OTHERS, OWN, SEEDS, said, typed } from './testing/commands.ts';
import { type Docker, NO_DOCKER, openDocker } from './testing/docker.ts';
import { imageRoot, NO_STATIC_BUSYBOX } from './testing/image.ts';
import { code, table } from './testing/markdown.ts';
import { MOUNT, NO_NAMESPACES, openNamespace, readEntries } from './testing/namespace.ts';
import { qemuUser } from './testing/qemu-user.ts';
import type { Outcome } from './testing/run.ts';
import { scratch } from './testing/script.ts';

const DOCUMENT = join(import.meta.dirname, '../../../docs/register-commands.md');

/** One call after another, from an empty table: the outcome of the last, what it left, and its files. */
type Machine = (command: Command, exported: string) => Promise<{ outcome: Outcome; left: string }>;

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

async function document(machine: Machine): Promise<string> {
  const head = ['image', 'command line', 'exit', 'left in the kernel', 'said'];
  return `# Every command line, and what it leaves

Written by \`apps/register/src/commands.test.ts\` on amd64, which runs each line in the image's root folder and in a user
namespace with a table of entries of its own, and, where a Docker engine is at hand, in a container on that engine; both
must give this page. To write it anew: \`npx vitest run --project register commands -u\`.

Each line stands behind \`docker run --rm --privileged\`, or behind \`docker run --rm --cap-drop ALL
-v /proc/sys/fs/binfmt_misc:/binfmt_misc\`. \`IMAGE\` is \`alekitto/qemu-user-static\` with the tag in the first column. Where
files are counted, a folder of the host is mounted on \`/export\`. Each line begins with an empty table.

## The seeds' command line

${table(head, await rows(SEEDS, machine))}

## tonistiigi/binfmt's command line

${table(head, await rows(OTHERS, machine))}

## Its own

${table(head, await rows(OWN, machine))}
`;
}

const reason =
  NO_ARCHIVE ?? NO_NAMESPACES ?? NO_STATIC_BUSYBOX ?? (process.arch === 'x64' ? undefined : 'not amd64');

test.skipIf(reason !== undefined)(
  `every command line leaves what docs/register-commands.md says (network, user namespace, static busybox, amd64)${reason ? `: ${reason}` : ''}`,
  { timeout: 120_000 },
  async () => {
    const { emulators } = await qemuUser();
    const EMULATORS: Readonly<Record<Image, string>> = {
      latest: `mount --bind ${emulators} /mnt/usr/bin`,
      register: '',
      aarch64: `cp ${emulators}/qemu-aarch64-static /mnt/usr/bin`,
    };
    const text = await document(async ({ image, words, env, after }, exported) => {
      await using machine = await openNamespace(`${imageRoot()}
      ${EMULATORS[image]}
      mkdir /mnt/binfmt_misc /mnt/export
      mount -t binfmt_misc binfmt_misc /mnt/binfmt_misc
      mount -t binfmt_misc binfmt_misc ${MOUNT}
      mount --bind ${exported} /mnt/export`);
      const call = (line: string, more = {}) =>
        machine.run(['chroot', '/mnt', '/register', ...line.split(' ').filter(Boolean)], {
          QEMU_BIN_DIR: '/usr/bin',
          ...more,
        });
      if (after !== undefined) await call(after);
      const outcome = await call(words, env);
      return { outcome, left: left(machine.entries()) };
    });
    await expect(text).toMatchFileSnapshot(DOCUMENT);
  },
);

describe.skipIf(NO_DOCKER !== undefined || NO_ARCHIVE !== undefined)(
  `on Docker${NO_DOCKER ? `: ${NO_DOCKER}` : ''}`,
  () => {
    let docker: Docker;
    beforeAll(async () => {
      docker = await openDocker();
    }, 300_000);
    afterAll(() => docker[Symbol.asyncDispose]());

    test('every command line leaves what docs/register-commands.md says (Docker, amd64)', {
      timeout: 600_000,
    }, async () => {
      const text = await document(async ({ image, words, env = {}, after }, exported) => {
        await docker.call(image, ['--uninstall', 'qemu-*']);
        if (after !== undefined) await docker.call(image, after.split(' '));
        const outcome = await docker.call(image, words.split(' ').filter(Boolean), { env, exported });
        return { outcome, left: left(readEntries(MOUNT)) };
      });
      await expect(text).toMatchFileSnapshot(DOCUMENT);
    });

    const VOLUME = ['--cap-drop', 'ALL', '-v', `${MOUNT}:/binfmt_misc`];

    test('least privilege does: no capability, and the table as a volume', async () => {
      await docker.call('latest', ['--uninstall', 'qemu-*']);
      const outcome = await docker.call('latest', ['--reset', '-p', 'yes', '--verify'], { rights: VOLUME });
      expect([outcome.code, outcome.stderr]).toEqual([
        0,
        expect.stringContaining('31 of 31 guests verified\n'),
      ]);
      expect(left(readEntries(MOUNT))).toBe('31 entries, `flags: F`');
    });

    test.each([
      ['with neither --privileged nor the volume', ['--cap-drop', 'ALL'], 'BINFMT_NOT_MOUNTED'],
      [
        'with the volume read-only',
        ['--cap-drop', 'ALL', '-v', `${MOUNT}:/binfmt_misc:ro`],
        'BINFMT_READ_ONLY',
      ],
      ['as another user', ['--user', '1000', ...VOLUME], 'BINFMT_NO_PERMISSION'],
      [
        'with another folder of the host on /binfmt_misc',
        ['--cap-drop', 'ALL', '-v', `${MOUNT}/..:/binfmt_misc`],
        'BINFMT_NOT_MOUNTED',
      ],
    ])('%s it says so, and changes nothing', async (_, rights, error) => {
      const before = readEntries(MOUNT);
      const outcome = await docker.call('latest', ['--reset', '-p', 'yes'], { rights });
      expect([outcome.code, outcome.stdout, said(outcome)]).toEqual([1, '', error]);
      expect(readEntries(MOUNT)).toEqual(before);
    });

    test('on a read-only root file system it registers, and verifies if there is room', async () => {
      await docker.call('latest', ['--uninstall', 'qemu-*']);
      const readOnly = ['--read-only', ...VOLUME];
      expect((await docker.call('latest', ['--install', 'arm64'], { rights: readOnly })).code).toBe(0);
      expect(said(await docker.call('latest', ['--verify'], { rights: readOnly }))).toBe('VERIFY_NO_ROOM');
      expect(
        (await docker.call('latest', ['--verify'], { rights: ['--tmpfs', '/tmp:exec', ...readOnly] })).code,
      ).toBe(0);
    });
  },
);
