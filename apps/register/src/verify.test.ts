import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { emulatorOf, GUEST_NAMES, PROBE_EXIT, probeProgram } from '@qemu-user-static/arch-table';
import { beforeAll, describe, expect, test } from 'vitest';
import { NO_ARCHIVE } from './testing/archive.ts';
import { standIns } from './testing/emulators.ts';
import { imageRoot, NO_STATIC_BUSYBOX } from './testing/image.ts';
import { MOUNT, type Namespace, NO_NAMESPACES, openNamespace } from './testing/namespace.ts';
import { type QemuUser, qemuUser } from './testing/qemu-user.ts';
import { run } from './testing/run.ts';
import { scratch, scriptFile } from './testing/script.ts';
import { SHELLS } from './testing/shells.ts';

const bin = standIns();
const guestsOf = (text: string, word: string) =>
  text.split('\n').flatMap((line) => (line.split(/\s+/)[1] === word ? [line.split(/\s+/)[0]] : []));

describe.skipIf(NO_ARCHIVE !== undefined)(
  `Debian's emulators of sid (network)${NO_ARCHIVE ? `: ${NO_ARCHIVE}` : ''}`,
  () => {
    let qemu: QemuUser;
    beforeAll(async () => {
      qemu = await qemuUser();
    }, 600_000);

    test('each runs the probe of its guest', async () => {
      const folder = join(scratch(), 'probes');
      mkdirSync(folder);
      const codes = await Promise.all(
        GUEST_NAMES.map(async (name) => {
          const program = join(folder, name);
          writeFileSync(program, probeProgram(name), { mode: 0o755 });
          const { code, stderr } = await run([`${qemu.emulators}/qemu-${emulatorOf(name)}-static`, program]);
          return [name, code, stderr];
        }),
      );
      expect(codes).toEqual(GUEST_NAMES.map((name) => [name, PROBE_EXIT, '']));
    });

    describe.skipIf(NO_NAMESPACES !== undefined).each(SHELLS)(
      '--verify in $name (user namespace)',
      (shell) => {
        const call = (machine: Namespace, words: string) =>
          machine.register(words.split(' '), { shell, env: { QEMU_BIN_DIR: qemu.emulators } });

        test.skipIf(process.arch !== 'x64')(
          '33 of 33 guests are verified, i486 among them, in a second or two (amd64)',
          async () => {
            await using machine = await openNamespace();
            const registering = await call(machine, '--reset -p yes -i yes');
            expect(registering.code).toBe(0);
            const { code, stdout, stderr } = await call(machine, '--verify');
            expect([code, stderr]).toEqual([0, '33 of 33 guests verified\n']);
            expect(guestsOf(stdout, 'ok')).toEqual(GUEST_NAMES.filter((name) => name !== 'x86_64'));
          },
        );
      },
    );

    test('--version says which QEMU it is', async () => {
      const version = /:([\d.]+)/.exec(qemu.version)?.[1];
      const { stdout } = await run(['sh', scriptFile(), '--version'], {
        env: { QEMU_BIN_DIR: qemu.emulators },
      });
      expect(stdout).toMatch(new RegExp(`^register/[0-9a-f]{12} qemu/${RegExp.escape(version ?? '')}\n$`));
    });
  },
);

describe.skipIf(NO_NAMESPACES !== undefined).each(SHELLS)('--verify in $name (user namespace)', (shell) => {
  const call = (machine: Namespace, words: string) =>
    machine.register(words.split(' '), { shell, env: { QEMU_BIN_DIR: bin } });

  test('broken ones are named: the interpreter is another program, is gone, or the entry is switched off', async () => {
    await using machine = await openNamespace();
    await call(machine, '--install arm64,riscv64,s390x,sh4,mips64el,m68k');
    await machine.sh(`
  mount -t tmpfs -o mode=755 tmpfs /mnt
  swap() {
    line=$(sed -n "s/^magic //p; s/^mask //p" ${MOUNT}/$1 | sed 's/../\\\\x&/g' | paste -sd:)
    echo -1 >${MOUNT}/$1
    printf '%s\\n' ":$1:M::$line:$2:$3" >${MOUNT}/register
  }
  swap qemu-riscv64 /bin/false F
  swap qemu-s390x /bin/true F
  swap qemu-sh4 /mnt/none ''
  echo 0 >${MOUNT}/qemu-m68k`);
    const { code, stdout, stderr } = await call(machine, '--verify');
    expect(code).toBe(1);
    expect(guestsOf(stdout, 'ok')).toEqual(['aarch64', 'mips64el']);
    expect(stdout).toContain(
      'riscv64        FAILED: ended with exit code 1 instead of 42; the entry is enabled, its interpreter /bin/false held\n',
    );
    expect(stdout).toContain(
      's390x          FAILED: ended with exit code 0 instead of 42; the entry is enabled, its interpreter /bin/true held\n',
    );
    expect(stdout).toMatch(
      /^sh4 {12}FAILED: could not be run \(.*\); the entry is enabled, its interpreter \/mnt\/none missing$/m,
    );
    expect(stdout).toContain('m68k           FAILED: was not run; the entry is disabled');
    expect(stderr).toBe(
      'Warning: without flag F, programs of these guests run only where a container has the emulator itself, as this one does: sh4\n2 of 6 guests verified\nVERIFY_FAILED: not emulated: riscv64 s390x sh4 m68k; remedy: Replace the entries by those of this image: --reset -p yes. If that does not help, run with --doctor.\n',
    );
    const failed = JSON.parse((await call(machine, '--verify --json')).stdout);
    expect([failed.verified, Object.keys(failed.failed)]).toEqual([
      ['aarch64', 'mips64el'],
      ['riscv64', 's390x', 'sh4', 'm68k'],
    ]);
    expect(failed.failed).toMatchObject({
      riscv64: 'ended with exit code 1 instead of 42; the entry is enabled, its interpreter /bin/false held',
      m68k: expect.stringMatching(/^was not run; the entry is disabled, its interpreter .* held$/),
    });
  });

  test.each([
    [
      'that is killed',
      "printf '#!/bin/sh\\nkill -KILL $$\\n' >/mnt/qemu-arm-static",
      'did not end within 5 s',
    ],
    [
      'that is ended',
      "printf '#!/bin/sh\\nkill -TERM $$\\n' >/mnt/qemu-arm-static",
      'did not end within 5 s',
    ],
    ['that may not be run', 'chmod 644 /mnt/qemu-arm-static', 'could not be run'],
  ])('an emulator %s has failed', async (_, damage, reason) => {
    await using machine = await openNamespace();
    await machine.sh(`mount -t tmpfs -o mode=755 tmpfs /mnt; cp ${bin}/qemu-arm-static /mnt`);
    await call(machine, '--install arm --qemu-path /mnt -p no -c no');
    await machine.sh(damage);
    expect(await call(machine, '--verify')).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(new RegExp(`^arm {12}FAILED: ${reason}`)),
      stderr: expect.stringContaining('0 of 1 guests verified\n'),
    });
  });

  test('an entry that the same call removed is not verified', async () => {
    await using machine = await openNamespace();
    await call(machine, '--install arm,arm64');
    expect(await call(machine, '--uninstall arm --verify')).toMatchObject({
      code: 0,
      stdout: 'aarch64        ok\n',
    });
  });

  test('probes are run in a folder of their own, which is gone after each time', async () => {
    await using machine = await openNamespace();
    await call(machine, '--install arm');
    await machine.sh('mount -t tmpfs -o mode=755 tmpfs /mnt; : >/mnt/file');
    // The entry that is there is tried before it is kept.
    const words = ['--install', 'arm', '--verify'];
    const env = { QEMU_BIN_DIR: bin, TMPDIR: '/mnt' };
    expect(await machine.register(words, { shell, env })).toMatchObject({
      code: 0,
      stdout: 'arm            ok\n',
    });
    expect(await machine.sh('ls -A /mnt')).toBe('file\n');
  });

  test.each(['tmp', ''])('TMPDIR is passed over where it is no absolute path: "%s"', async (TMPDIR) => {
    await using machine = await openNamespace();
    const call = { shell, under: ['env', '-C', '/'], env: { TMPDIR, QEMU_BIN_DIR: bin } };
    expect((await machine.register(['--doctor'], call)).stdout).toMatch(
      /^ok {4}--verify can run programs in \/tmp$/m,
    );
  });

  test('the platforms in the JSON status are those that run', async () => {
    await using machine = await openNamespace();
    const { stdout } = await call(machine, '--install linux/arm64,riscv64,arm/v7');
    expect(JSON.parse(stdout).supported).toEqual(
      expect.arrayContaining(['linux/arm64', 'linux/riscv64', 'linux/arm/v7', 'linux/arm/v6']),
    );
    expect(JSON.parse(stdout).supported).not.toContain('linux/s390x');
  });

  test('a folder that has no room for all probes is passed over; without another nothing is blamed on the guests', async () => {
    await using machine = await openNamespace();
    await call(machine, '--install arm64,riscv64,s390x');
    await machine.sh('mount -t tmpfs -o size=8k,mode=755 tmpfs /mnt');
    const full = (words: string) =>
      machine.register(words.split(' '), {
        shell,
        env: { TMPDIR: '/mnt', QEMU_BIN_DIR: bin },
      });
    expect(await full('--verify')).toMatchObject({ code: 0, stderr: '3 of 3 guests verified\n' });
    expect(await machine.sh('ls /mnt')).toBe('');
    await machine.sh(
      'for place in /tmp /var/tmp /run /dev/shm; do [ ! -d $place ] || { mount --rbind $place $place; mount -o remount,bind,noexec $place; }; done',
    );
    const nowhere = ['env', '-C', '/mnt'];
    const { code, stdout, stderr } = await machine.register(['--verify'], { shell, under: nowhere });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('VERIFY_NO_ROOM: no folder here takes files that can be run');
    const status = await machine.register(['--status', '--json'], { shell, under: nowhere });
    expect(JSON.parse(status.stdout).supported).toEqual(
      expect.arrayContaining(['linux/arm64', 'linux/riscv64', 'linux/s390x']),
    );
    expect(status.stderr).toBe(
      'No room for probes (see VERIFY_NO_ROOM): every platform with a held entry counts as supported.\n',
    );
  });

  test('registering and verifying is one call', async () => {
    await using machine = await openNamespace();
    const { code, stdout } = await call(machine, '--install riscv64 --verify');
    expect([code, stdout]).toEqual([0, 'riscv64        ok\n']);
  });
});

test.skipIf(NO_NAMESPACES !== undefined)(
  'an emulator that does not end is given up after 5 s, and 1 s more for each that runs beside it (user namespace)',
  { timeout: 30_000 },
  async () => {
    await using machine = await openNamespace(
      `mount -t binfmt_misc binfmt_misc ${MOUNT}; mount -t tmpfs -o mode=755 tmpfs /mnt
      for guest in alpha hppa; do cp "$(command -v yes)" /mnt/qemu-$guest-static; done`,
    );
    await machine.register(['--install', 'alpha,hppa', '--qemu-path', '/mnt']);
    const { code, stdout } = await machine.register(['--verify']);
    const lines = stdout.split('\n').map((line) => line.replace(/;.*/, ''));
    expect([code, lines]).toEqual([
      1,
      ['alpha          FAILED: did not end within 6 s', 'hppa           FAILED: did not end within 6 s', ''],
    ]);
  },
);

test.skipIf(NO_NAMESPACES !== undefined)(
  'a probe is as long as the largest page of a guest: an emulator that runs under another fails with less (user namespace)',
  async () => {
    await using machine = await openNamespace(
      `mount -t binfmt_misc binfmt_misc ${MOUNT}; mount -t tmpfs -o mode=755 tmpfs /mnt
      printf '#!/bin/sh\nwc -c <"$1" >&2\n' >/mnt/qemu-alpha-static; chmod 755 /mnt/qemu-alpha-static`,
    );
    await machine.register(['--qemu-path', '/mnt', '--install', 'alpha', ...'-p no -c no'.split(' ')]);
    const { stdout } = await machine.register(['--verify']);
    const [, size] = /exit code 0 instead of 42 \((\d+)\)/.exec(stdout) ?? [];
    expect([stdout, Number(size) >= 16384]).toEqual([stdout, true]);
  },
);

test.skipIf(NO_NAMESPACES !== undefined || NO_STATIC_BUSYBOX !== undefined)(
  'a TMPDIR that is not there is passed over, and nothing is written elsewhere (user namespace, static busybox)',
  async () => {
    await using machine = await openNamespace(imageRoot());
    const before = await machine.sh('ls /mnt');
    const call = ['chroot', '/mnt', '/register', '--doctor'];
    const { stdout } = await machine.run(call, { QEMU_BIN_DIR: '/usr/bin', TMPDIR: '/nowhere' });
    expect(stdout).toMatch(/^ok {4}--verify can run programs in \/tmp$/m);
    expect(await machine.sh('ls /mnt')).toBe(before);
  },
);
