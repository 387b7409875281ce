import { describe, expect, test } from 'vitest';
import { standIns } from './testing/emulators.ts';
import { entriesOf, guestsBut } from './testing/expected.ts';
import { MOUNT, type Namespace, NO_NAMESPACES, openNamespace } from './testing/namespace.ts';
import { SHELLS } from './testing/shells.ts';

const bin = standIns();
const onAmd64 = process.arch === 'x64';

describe.skipIf(NO_NAMESPACES !== undefined).each(SHELLS)('--install in $name (user namespace)', (shell) => {
  const call = (machine: Namespace, words: string, env = {}) =>
    machine.register(words.split(' ').filter(Boolean), { shell, env: { QEMU_BIN_DIR: bin, ...env } });

  test('a list takes platforms, guests and the names of entries; the flags are CF and P', async () => {
    await using machine = await openNamespace();
    const { code, stderr } = await call(
      machine,
      '--install linux/arm64,arm/v7,riscv64,ppc64el,qemu-s390x,loong64,linux/arm64/v8',
    );
    expect([code, stderr]).toEqual([0, expect.stringContaining('installing: aarch64 OK\n')]);
    expect(machine.entries()).toEqual(
      entriesOf(['aarch64', 'arm', 'loongarch64', 'ppc64le', 'riscv64', 's390x'], 'POCF', bin),
    );
  });

  test.skipIf(!onAmd64)('all takes every guest that the machine does not run itself (amd64)', async () => {
    await using machine = await openNamespace();
    expect((await call(machine, '--install all')).code).toBe(0);
    // This kernel runs i386 programs, and i486's.
    expect(machine.entries()).toEqual(entriesOf(guestsBut('i386'), 'POCF', bin));
  });

  test('all takes only what the image has', async () => {
    await using machine = await openNamespace();
    expect((await call(machine, '--install all', { QEMU_BIN_DIR: standIns(['s390x', 'sh4']) })).code).toBe(0);
    expect(Object.keys(machine.entries())).toEqual(['qemu-s390x', 'qemu-sh4']);
  });

  test('all may stand anywhere in a list', async () => {
    await using machine = await openNamespace();
    const env = { HOST_ARCH: 'aarch64', QEMU_BIN_DIR: standIns(['s390x', 'sh4']) };
    for (const words of ['--install all,s390x', '--install sh4 --install all', '--install ,all,all']) {
      expect([words, (await call(machine, words, env)).code]).toEqual([words, 0]);
      expect(Object.keys(machine.entries())).toEqual(['qemu-s390x', 'qemu-sh4']);
      expect((await call(machine, '--uninstall s390x,all', env)).code).toBe(0);
      expect(machine.entries()).toEqual({});
    }
    expect((await call(machine, '--install all,zx81', env)).code).toBe(2);
  });

  test('QEMU_PRESERVE_ARGV0 adds P, QEMU_BINARY_PATH says where the emulators are', async () => {
    await using machine = await openNamespace();
    const env = { QEMU_PRESERVE_ARGV0: '1', QEMU_BINARY_PATH: bin, QEMU_BIN_DIR: '/nowhere' };
    expect((await call(machine, '--install arm64', env)).code).toBe(0);
    expect(machine.entries()).toEqual(entriesOf(['aarch64'], 'POCF', bin));
  });

  test('the flags can be chosen', async () => {
    await using machine = await openNamespace();
    expect((await call(machine, '--install arm64 --credential no -g no')).code).toBe(0);
    expect(machine.entries()).toEqual(entriesOf(['aarch64'], 'F', bin));
  });

  test('stdout is the status and nothing else, as scripts parse it', async () => {
    await using machine = await openNamespace();
    await machine.sh(`echo ':python3:E::py::/usr/bin/python3:' >${MOUNT}/register`);
    await machine.sh(
      'mount -t tmpfs -o mode=755 tmpfs /mnt; cp /bin/true /mnt/qemu-aarch64-static; cp /bin/true /mnt/qemu-sh4-static',
    );
    const { stdout } = await call(machine, '--install arm64,sh4', { QEMU_BIN_DIR: '/mnt' });
    const status = JSON.parse(stdout);
    expect(Object.keys(status)).toEqual(['supported', 'emulators']);
    expect(status.emulators).toEqual(['python3', 'qemu-aarch64', 'qemu-sh4']);
    // This is not an emulator: the platform is not claimed.
    expect(status.supported).not.toContain('linux/arm64');
    expect(stdout).toMatch(/^\{\n {2}"supported": \[\n {4}"linux\/\w+",?\n/);
  });

  test('--uninstall takes platforms, guests, the names of entries and patterns', async () => {
    await using machine = await openNamespace();
    await call(machine, '--install arm64,arm,mips,mips64el,mipsn32,s390x,riscv64,ppc64le');
    const left = async (words: string) => {
      expect((await call(machine, `--uninstall ${words}`)).code).toBe(0);
      return Object.keys(machine.entries());
    };
    expect(await left('linux/arm64,qemu-arm')).toEqual([
      'qemu-mips',
      'qemu-mips64el',
      'qemu-mipsn32',
      'qemu-ppc64le',
      'qemu-riscv64',
      'qemu-s390x',
    ]);
    expect(await left('qemu-mips*,ppc64le')).toEqual(['qemu-riscv64', 'qemu-s390x']);
    expect(await left('*')).toEqual([]);
    expect(await left('qemu-*')).toEqual([]);
  });

  test.each([
    ['arm64', ''],
    ['linux/arm64', ''],
    ['qemu-aarch64', ''],
    ['qemu-*', ''],
    ['all', ''],
    ['ALL', ''],
    ['arm', 'arm is not registered: nothing to remove\n'],
    ['linux/arm/v7', 'linux/arm/v7 is not registered: nothing to remove\n'],
    ['qemu-arm*', 'qemu-arm* is not registered: nothing to remove\n'],
    ['qemu-nothing', 'qemu-nothing is not registered: nothing to remove\n'],
  ])('--uninstall %s of an image that has registered arm64 alone reports: %j', async (item, expected) => {
    await using machine = await openNamespace();
    await call(machine, '--install arm64');
    const { code, stderr } = await call(machine, `--uninstall ${item}`);
    const reports = stderr.match(/^.*is not registered.*\n/gm) ?? [];
    expect([code, reports.join('')]).toEqual([0, expected]);
    expect(Object.keys(machine.entries())).toEqual(expected === '' ? [] : ['qemu-aarch64']);
  });

  test('--uninstall all of an empty table is no failure', async () => {
    await using machine = await openNamespace();
    const { code, stderr } = await call(machine, '--uninstall all');
    expect([code, stderr]).toEqual([
      0,
      expect.stringContaining('all is not registered: nothing to remove\n'),
    ]);
  });

  test('--uninstall and --install in one call are one change', async () => {
    await using machine = await openNamespace();
    await call(machine, '-p yes', { HOST_ARCH: 'x86_64' });
    expect((await call(machine, '--uninstall qemu-* --install arm64')).code).toBe(0);
    expect(machine.entries()).toEqual(entriesOf(['aarch64'], 'POCF', bin));
  });

  test('called with nothing after --install, it answers with the status, as docker/setup-qemu-action asks', async () => {
    await using machine = await openNamespace();
    await call(machine, '--install arm64');
    const before = machine.entries();
    const { code, stdout } = await call(machine, '');
    expect([code, JSON.parse(stdout).emulators]).toEqual([0, ['qemu-aarch64']]);
    expect(machine.entries()).toEqual(before);
  });

  test.each([
    ['--install arm64 --credential no', {}],
    ['--install arm64', { QEMU_PRESERVE_ARGV0: '1' }],
    ['--install arm64', { QEMU_BINARY_PATH: `${bin}/`, QEMU_BIN_DIR: '/nowhere' }],
    // What --install would have made as well.
    ['-p yes', { HOST_ARCH: 'x86_64' }],
  ])('so it does after %s with %j, and says how to register', async (words, env) => {
    await using machine = await openNamespace();
    await call(machine, words, env);
    const before = machine.entries();
    const { code, stdout, stderr } = await call(machine, '', env);
    expect([code, JSON.parse(stdout).emulators]).toEqual([0, Object.keys(before)]);
    expect(stderr).toBe('Already registered (flag F); printing status. Use --reset to register again.\n');
    expect(machine.entries()).toEqual(before);
  });

  test('called with nothing where the one entry is switched off, it does not take that for registered', async () => {
    await using machine = await openNamespace();
    await call(machine, '--install arm64');
    await machine.sh(`echo 0 >${MOUNT}/qemu-aarch64`);
    expect(await call(machine, '', { HOST_ARCH: 'x86_64' })).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^ENTRY_DIFFERS: /m),
    });
    expect(Object.keys(machine.entries())).toEqual(['qemu-aarch64']);
  });

  test('called with nothing on an empty table, it registers without flag F, and ends with the status', async () => {
    await using machine = await openNamespace();
    const { code, stdout, stderr } = await call(machine, '', { HOST_ARCH: 'x86_64' });
    expect(code).toBe(0);
    expect(machine.entries()).toEqual(entriesOf(guestsBut('i386'), '', bin));
    const { supported, emulators } = JSON.parse(stdout);
    expect(emulators).toEqual(Object.keys(machine.entries()));
    // Other containers do not have these emulators.
    expect(supported).toContain('linux/amd64');
    expect(supported).not.toContain('linux/arm64');
    expect(stderr).toContain(`Setting ${bin}/qemu-aarch64-static as binfmt interpreter for aarch64\n`);
    expect((await call(machine, '--install linux/arm64')).code).toBe(0);
    expect(machine.entries()['qemu-aarch64']).toEqual(entriesOf(['aarch64'], 'POCF', bin)['qemu-aarch64']);
  });

  test('flag P is left out where the kernel lacks it', async () => {
    await using machine = await openNamespace(
      `mount -t binfmt_misc binfmt_misc ${MOUNT}; mount -t tmpfs tmpfs /mnt; echo 5.11.0 >/mnt/release; mount --bind /mnt/release /proc/sys/kernel/osrelease`,
    );
    expect((await call(machine, '--install arm64')).code).toBe(0);
    expect(machine.entries()).toEqual(entriesOf(['aarch64'], 'OCF', bin));
    expect((await call(machine, '--install arm -g yes')).code).toBe(1);
  });

  test.each([
    ['ARM64', ['qemu-aarch64']],
    ['Linux/Arm64,ARM/v7', ['qemu-aarch64', 'qemu-arm']],
    ['linux/arm64, linux/arm/v7 ,\nriscv64', ['qemu-aarch64', 'qemu-arm', 'qemu-riscv64']],
    ['linux/riscv64/rva20u64,linux/ppc64le/power9', ['qemu-ppc64le', 'qemu-riscv64']],
    ['linux/aarch64', ['qemu-aarch64']],
  ])('names are understood in every form: %j', async (list, names) => {
    await using machine = await openNamespace();
    const outcome = await machine.register(['--install', list], {
      shell,
      env: { QEMU_BIN_DIR: bin, HOST_ARCH: 'sparc64' },
    });
    expect([outcome.code, Object.keys(machine.entries())]).toEqual([0, names]);
  });

  test.skipIf(!onAmd64).each(['x86-64', 'amd64', 'linux/amd64/v3', 'AMD64', 'linux/x86-64/v2'])(
    '%s is this machine: nothing to do (amd64)',
    async (name) => {
      await using machine = await openNamespace();
      expect(await call(machine, `--install ${name}`)).toMatchObject({
        code: 0,
        stderr: expect.stringContaining("x86_64 is this machine's own CPU"),
      });
      expect(machine.entries()).toEqual({});
    },
  );

  test('a platform of another system is skipped with a note, the rest is registered', async () => {
    await using machine = await openNamespace();
    for (const platform of [
      'windows/amd64',
      'Darwin/arm64',
      'wasip1/wasm',
      'windows(10.0.17763)/amd64',
      'freebsd/arm/v7',
      'unknown/unknown',
    ]) {
      const { code, stderr } = await call(machine, `--install ${platform}`);
      expect([platform, code, machine.entries()]).toEqual([platform, 0, {}]);
      expect(stderr).toContain(`${platform}: skipped: not a Linux platform\n`);
    }
    expect((await call(machine, '--install windows/amd64,linux/arm64,darwin/arm64')).code).toBe(0);
    expect(Object.keys(machine.entries())).toEqual(['qemu-aarch64']);
    expect((await call(machine, '--uninstall windows/amd64,linux/arm64')).code).toBe(0);
    expect(machine.entries()).toEqual({});
  });

  test.each(['', ',', ' ', '\n'])('a list without names, %j, asks for the status alone', async (list) => {
    await using machine = await openNamespace();
    for (const option of ['--install', '--uninstall']) {
      const outcome = await machine.register([option, list], { shell, env: { QEMU_BIN_DIR: bin } });
      expect([outcome.code, JSON.parse(outcome.stdout).emulators]).toEqual([0, []]);
      const reset = await machine.register(['--reset', option, list], { shell, env: { QEMU_BIN_DIR: bin } });
      expect([reset.code, machine.entries()]).toEqual([0, {}]);
    }
  });

  test('QEMU_BINARY_PREFIX goes before the names of emulators and entries', async () => {
    await using machine = await openNamespace();
    await machine.sh(`mount -t tmpfs -o mode=755 tmpfs /mnt; cp ${bin}/qemu-arm-static /mnt/my-qemu-arm`);
    const env = { QEMU_BINARY_PREFIX: 'my-', QEMU_BINARY_PATH: '/mnt' };
    const words = '--qemu-suffix= --install arm';
    for (const round of ['first', 'again']) {
      const { code, stdout } = await call(machine, words, env);
      expect([round, code, JSON.parse(stdout).emulators]).toEqual([round, 0, ['my-qemu-arm']]);
      expect(JSON.parse(stdout).supported).toContain('linux/arm/v7');
    }
    expect(machine.entries()['my-qemu-arm']).toMatchObject({
      interpreter: '/mnt/my-qemu-arm',
      flags: 'POCF',
    });
    expect((await call(machine, '--verify', env)).code).toBe(0);
    expect((await call(machine, '--uninstall arm', env)).code).toBe(0);
    expect(machine.entries()).toEqual({});
    expect((await call(machine, words, { ...env, QEMU_BINARY_PREFIX: '../my-' })).code).toBe(2);
  });

  test('the last line of stderr has cause and remedy, whatever else is said', async () => {
    await using machine = await openNamespace();
    await machine.sh(
      `mount -t tmpfs -o mode=755 tmpfs /mnt; cp -a ${bin}/. /mnt; chmod 644 /mnt/qemu-sh4-static`,
    );
    for (const [words, code] of [
      ['--install all', 'INTERPRETER_FORBIDDEN'],
      ['--install zx81', 'GUEST_UNKNOWN'],
      ['--install all --mount /mnt', 'BINFMT_NOT_MOUNTED'],
    ] as const) {
      const { stderr } = await call(machine, words, { QEMU_BIN_DIR: '/mnt' });
      expect(stderr.trimEnd().split('\n').at(-1)).toMatch(new RegExp(`^${code}: .+; remedy: .+$`));
    }
  });

  test('one dash does, as Go takes it', async () => {
    await using machine = await openNamespace();
    expect((await call(machine, '-install arm64')).code).toBe(0);
    expect((await call(machine, '-uninstall=arm64 -install=arm')).code).toBe(0);
    expect(Object.keys(machine.entries())).toEqual(['qemu-arm']);
  });
});
