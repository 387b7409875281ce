import { expect, test } from 'vitest';
import { NO_ARCHIVE } from './testing/archive.ts';
import { type Image, left } from './testing/commands.ts';
import { COMMANDS_PAGE, commandsPage } from './testing/commands-page.ts';
import { imageRoot, NO_STATIC_BUSYBOX } from './testing/image.ts';
import { MOUNT, NO_NAMESPACES, openNamespace } from './testing/namespace.ts';
import { qemuUser } from './testing/qemu-user.ts';

const reason =
  NO_ARCHIVE ?? NO_NAMESPACES ?? NO_STATIC_BUSYBOX ?? (process.arch === 'x64' ? undefined : 'not amd64');

test.skipIf(reason !== undefined)(
  `every command line leaves what docs/register-commands.md says (network, user namespace, static busybox, amd64)${reason ? `: ${reason}` : ''}`,
  { timeout: 600_000 },
  async () => {
    const { emulators } = await qemuUser();
    const EMULATORS: Readonly<Record<Image, string>> = {
      latest: `mount --bind ${emulators} /mnt/usr/bin`,
      register: '',
      aarch64: `cp ${emulators}/qemu-aarch64-static /mnt/usr/bin`,
    };
    const text = await commandsPage(async ({ image, words, env, after }, exported) => {
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
    await expect(text).toMatchFileSnapshot(COMMANDS_PAGE);
  },
);
