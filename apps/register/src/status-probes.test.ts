import { type GuestName, registrationLine } from '@qemu-user-static/arch-table';
import { describe, expect, test } from 'vitest';
import { standIns } from './testing/emulators.ts';
import { MOUNT, NO_NAMESPACES, openNamespace } from './testing/namespace.ts';
import { SHELLS } from './testing/shells.ts';

// What `--status --json` lists as supported is what ran a moment ago, not what is registered.

const bin = standIns();
const held = (name: GuestName, program: string) =>
  `printf '%s\\n' '${registrationLine(name, program, 'F')}' >${MOUNT}/register`;

describe.skipIf(NO_NAMESPACES !== undefined).each(SHELLS)(
  'the platforms of --status --json in $name (user namespace)',
  (shell) => {
    const platforms = async (...lines: string[]) => {
      await using machine = await openNamespace();
      await machine.sh(lines.join('\n'));
      const { code, stdout } = await machine.register(['--status', '--json'], {
        shell,
        env: { QEMU_BIN_DIR: bin, HOST_ARCH: 'x86_64' },
      });
      expect(code).toBe(0);
      const supported = JSON.parse(stdout).supported as string[];
      expect(supported).toEqual([...new Set(supported)]);
      return supported;
    };
    const emulated = ['linux/arm64', 'linux/arm/v7', 'linux/riscv64', 'linux/s390x'];
    const foreign = async (...lines: string[]) =>
      (await platforms(...lines)).filter((platform) => emulated.includes(platform)).sort();

    test('are those that the kernel holds and whose probe ran, for containers do not have the others’ emulators', async () => {
      const good = `${bin}/qemu-aarch64-static`;
      expect(
        await foreign(
          held('aarch64', good),
          `printf '%s\\n' '${registrationLine('riscv64', good, '')}' >${MOUNT}/register`,
        ),
      ).toEqual(['linux/arm64']);
    });

    test('are not those whose emulator ends in another way, is gone, or is switched off', async () => {
      expect(
        await foreign(
          held('aarch64', `${bin}/qemu-aarch64-static`),
          held('arm', '/bin/true'),
          `printf '%s\\n' '${registrationLine('riscv64', '/nowhere', '')}' >${MOUNT}/register`,
          held('s390x', `${bin}/qemu-s390x-static`),
          `echo 0 >${MOUNT}/qemu-s390x`,
        ),
      ).toEqual(['linux/arm64']);
    });

    test('are none but the machine’s own in an empty table', async () => {
      expect(await foreign('true')).toEqual([]);
      expect(await platforms('true')).toContain('linux/amd64');
    });
  },
);
