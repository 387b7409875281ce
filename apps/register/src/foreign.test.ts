import { beforeAll, describe, expect, test } from 'vitest';
import { NO_ARCHIVE } from './testing/archive.ts';
import { FOREIGN, foreignBusybox } from './testing/foreign-busybox.ts';
import { callImage, imageRoot } from './testing/image.ts';
import { MOUNT, NO_NAMESPACES, openNamespace } from './testing/namespace.ts';
import { qemuUser } from './testing/qemu-user.ts';

const reason = NO_ARCHIVE ?? NO_NAMESPACES;

describe.skipIf(reason !== undefined)(
  `the image of another CPU, on an emulator without flag P (network, user namespace)${reason ? `: ${reason}` : ''}`,
  () => {
    let busybox: string;
    let emulators: string;
    beforeAll(async () => {
      [busybox, { emulators }] = await Promise.all([foreignBusybox(), qemuUser()]);
    }, 600_000);

    async function openForeign() {
      const machine = await openNamespace(`mount -t binfmt_misc binfmt_misc ${MOUNT}
        ${imageRoot(busybox)} mkdir /mnt/binfmt_misc; mount -t binfmt_misc binfmt_misc /mnt/binfmt_misc
        cp ${emulators}/qemu-riscv64-static /mnt/usr/bin`);
      const words = ['--install', FOREIGN.guest, '--credential', 'no'];
      const { code } = await machine.register(words, { env: { QEMU_BIN_DIR: emulators } });
      expect(code).toBe(0);
      return machine;
    }

    test('it reports', async () => {
      await using machine = await openForeign();
      const entry = `qemu-${FOREIGN.guest}`;
      expect(await callImage(machine, '--status')).toMatchObject({
        code: 0,
        stdout: expect.stringContaining(entry),
      });
      expect(await callImage(machine, '--verify')).toMatchObject({
        code: 0,
        stdout: `${FOREIGN.guest.padEnd(14)} ok\n`,
      });
      const { stdout } = await callImage(machine, '--doctor');
      expect(stdout).toContain(`warn  this image is for ${FOREIGN.guest} and runs on an emulator\n`);
    });

    test('it does not replace the emulator it runs on', async () => {
      await using machine = await openForeign();
      const before = machine.entries();
      for (const words of ['--reset -p yes', '--install riscv64', '-p yes']) {
        const { code, stdout, stderr } = await callImage(machine, words);
        expect([words, code, stdout]).toEqual([words, 1, '']);
        expect(stderr).toContain(
          `IMAGE_FOREIGN: this image is for ${FOREIGN.guest} and runs on an emulator here; remedy: `,
        );
      }
      expect(machine.entries()).toEqual(before);
    });
  },
);
