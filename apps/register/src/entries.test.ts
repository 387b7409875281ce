import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { elfPattern, escapeBytes, guest } from '@qemu-user-static/arch-table';
import { describe, expect, test } from 'vitest';
import { standIns } from './testing/emulators.ts';
import { bin, callsIn } from './testing/faults.ts';
import { MOUNT, NO_NAMESPACES, openNamespace } from './testing/namespace.ts';
import { reported } from './testing/reported.ts';
import { run } from './testing/run.ts';
import { scratch } from './testing/script.ts';
import { SHELLS } from './testing/shells.ts';

const arm = elfPattern(guest('arm'));
const ARM = `${escapeBytes(arm.magic)}:${escapeBytes(arm.mask)}`;
const one = { env: { QEMU_BIN_DIR: standIns(['arm']) } };

describe.skipIf(NO_NAMESPACES !== undefined).each(SHELLS)(
  'whatever entries there are, in $name (user namespace)',
  (shell) => {
    const { call, refused } = callsIn(shell);

    test('a name that is a pattern is one name, whatever files are in the current folder', async () => {
      await using machine = await openNamespace(`mount -t binfmt_misc binfmt_misc ${MOUNT}
        mount -t tmpfs tmpfs /mnt; : >/mnt/qemu-file; echo ':qemu-*:E::zz::/x:' >${MOUNT}/register`);
      const under = ['env', '-C', '/mnt'];
      expect((await call(machine, '--reset -p yes', { ...one, under })).code).toBe(0);
      expect(Object.keys(machine.entries())).toEqual(['qemu-arm']);
    });

    test('a name of two words is none of QEMU’s, and neither are its words', async () => {
      await using machine = await openNamespace();
      await machine.sh(`echo ':qemu-x qemu-arm:E::zz::/x:' >${MOUNT}/register`);
      expect(await call(machine, '--uninstall arm', one)).toMatchObject({
        code: 0,
        stderr: expect.stringContaining('arm is not registered: nothing to remove\n'),
      });
      await refused(machine, '--verify', reported('VERIFY_NONE', `no guest is registered on ${MOUNT}`), one);
      for (const words of ['--reset -p yes', '--uninstall all', '--uninstall qemu-*'])
        expect([words, (await call(machine, words, one)).code]).toEqual([words, 0]);
      expect(Object.keys(machine.entries())).toEqual(['qemu-x qemu-arm']);
    });

    test('the script’s own helpers are no entries of guests', async () => {
      await using machine = await openNamespace();
      await machine.sh(`echo ':qemu-register-break:E::zz::/1:' >${MOUNT}/register`);
      expect((await call(machine, '--status')).stdout).toBe(`no entries on ${MOUNT}\n`);
      expect((await call(machine, '--uninstall qemu-register-*', one)).stderr).toContain(
        'qemu-register-* is not registered: nothing to remove\n',
      );
      expect(Object.keys(machine.entries())).toEqual(['qemu-register-break']);
    });

    test('an interpreter of several lines is no line of the kernel’s: nothing of it is calculated with', async () => {
      await using machine = await openNamespace();
      await machine.sh(
        `printf ':evil:E::zz::/x\\noffset 0\\nmagic 7f454c46a[\\nmask 0]:' >${MOUNT}/register`,
      );
      expect((await call(machine, '--install arm')).code).toBe(0);
      expect(Object.keys(machine.entries())).toEqual(['evil', 'qemu-arm']);
    });

    test('one that cannot be read does not count as working, and is not there to be replaced unseen', async () => {
      await using machine = await openNamespace();
      await machine.sh(`echo ':qemu-arm:M::${ARM}:${bin}/qemu-arm-static:F' >${MOUNT}/register
        chmod 0 ${MOUNT}/qemu-arm`);
      const under = ['setpriv', '--bounding-set=-dac_override,-dac_read_search'];
      const outcome = await call(machine, '--install arm', { under });
      expect(outcome).toEqual(reported('REFUSED', 'the kernel did not remove qemu-arm'));
      expect(Object.keys(machine.entries())).toEqual(['qemu-arm']);
    });

    test('the kernel’s reason is that of the whole line, however long it is', async () => {
      const far = `/mnt/${'a'.repeat(250)}/${'b'.repeat(250)}/${'c'.repeat(250)}`;
      await using machine = await openNamespace();
      await machine.sh(`mount -t tmpfs -o mode=755 tmpfs /mnt; mkdir -p ${far}; cp /bin/true ${far}/qemu-arm-static
        chmod 644 ${far}/qemu-arm-static`);
      await refused(
        machine,
        '-p yes',
        reported('INTERPRETER_FORBIDDEN', /the kernel may not open \S+: Permission denied/),
        { env: { QEMU_BIN_DIR: far } },
      );
    });

    test('three that are switched off are all shown, without a word about more', async () => {
      await using machine = await openNamespace();
      await call(machine, '--install arm,arm64,s390x');
      await machine.sh(`for name in arm aarch64 s390x; do echo 0 >${MOUNT}/qemu-$name; done`);
      const { stderr } = await refused(
        machine,
        '--install arm,arm64,s390x',
        reported('ENTRY_DIFFERS', 'already registered with other settings: qemu-aarch64 qemu-arm qemu-s390x'),
      );
      expect(stderr.match(/^qemu-\w+: existing: /gm)).toHaveLength(3);
      expect(stderr).not.toContain('more');
    });

    test('the pattern is shown where it differs', async () => {
      await using machine = await openNamespace();
      await machine.sh(`echo ':qemu-arm:M:1:${ARM.split(':')[0]}::${bin}/qemu-arm-static:POCF' >${MOUNT}/register
        echo 0 >${MOUNT}/qemu-arm`);
      const { stderr } = await call(machine, '--install arm');
      const [magic, mask] = [arm.magic, arm.mask].map((bytes) => Buffer.from(bytes).toString('hex'));
      const words = `${bin}/qemu-arm-static, flags "POCF", offset`;
      expect(stderr).toContain(`qemu-arm: existing:  disabled, ${words} 1, magic ${magic}, mask \n`);
      expect(stderr).toContain(`qemu-arm: requested: enabled, ${words} 0, magic ${magic}, mask ${mask}\n`);
    });
  },
);

test.each(SHELLS)('entries of others are never written to, in $name', async (shell) => {
  const folder = mkdtempSync(join(scratch(), 'table-'));
  const part = join(import.meta.dirname, 'script/registering/50-entries.sh');
  const lines = `set -u; OURS=qemu- MOUNT=${folder}; . ${part}
    for name in python3 register status qemu-x; do write_entry $name -1 || echo "$name refused"; done; ls ${folder}`;
  writeFileSync(join(folder, '.lines'), lines);
  const { stdout } = await run([...shell.argv, join(folder, '.lines')]);
  expect(stdout).toBe('python3 refused\nregister refused\nstatus refused\nqemu-x\n');
});
