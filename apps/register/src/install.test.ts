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

  test('a list takes platforms, guests and the names of entries; the flags are CF', async () => {
    await using machine = await openNamespace();
    const { code, stderr } = await call(
      machine,
      '--install linux/arm64,arm/v7,riscv64,ppc64el,qemu-s390x,loong64,linux/arm64/v8',
    );
    expect([code, stderr]).toEqual([0, expect.stringContaining('installing: aarch64 OK\n')]);
    expect(machine.entries()).toEqual(
      entriesOf(['aarch64', 'arm', 'loongarch64', 'ppc64le', 'riscv64', 's390x'], 'OCF', bin),
    );
  });

  test.skipIf(!onAmd64)('all takes every guest that the machine does not run itself (amd64)', async () => {
    await using machine = await openNamespace();
    expect((await call(machine, '--install all')).code).toBe(0);
    // This kernel runs i386 programs, and i486's.
    expect(machine.entries()).toEqual(entriesOf(guestsBut('i386'), 'OCF', bin));
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
    expect((await call(machine, '--install arm64 --credential no')).code).toBe(0);
    expect(machine.entries()).toEqual(entriesOf(['aarch64'], 'F', bin));
  });

  test('stdout is the status and nothing else, as scripts parse it', async () => {
    await using machine = await openNamespace();
    await machine.sh(`echo ':python3:E::py::/usr/bin/python3:' >${MOUNT}/register`);
    const { stdout } = await call(machine, '--install arm64,sh4');
    const status = JSON.parse(stdout);
    expect(Object.keys(status)).toEqual(['supported', 'emulators']);
    expect(status.emulators).toEqual(['python3', 'qemu-aarch64', 'qemu-sh4']);
    // The stand-in for aarch64's emulator runs nothing: the platform is not claimed.
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

  test('--uninstall and --install in one call are one change', async () => {
    await using machine = await openNamespace();
    await call(machine, '-p yes', { HOST_ARCH: 'x86_64' });
    expect((await call(machine, '--uninstall qemu-* --install arm64')).code).toBe(0);
    expect(machine.entries()).toEqual(entriesOf(['aarch64'], 'OCF', bin));
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
    expect(stderr).toBe(
      'Emulators are registered, with flag F: this is their status. --reset registers anew.\n',
    );
    expect(machine.entries()).toEqual(before);
  });

  test('called with nothing where entries without flag F differ, it says so', async () => {
    await using machine = await openNamespace();
    await call(machine, '-c yes', { HOST_ARCH: 'x86_64' });
    expect(await call(machine, '', { HOST_ARCH: 'x86_64' })).toMatchObject({ code: 1, stdout: '' });
  });

  test('one dash does, as Go takes it', async () => {
    await using machine = await openNamespace();
    expect((await call(machine, '-install arm64')).code).toBe(0);
    expect((await call(machine, '-uninstall=arm64 -install=arm')).code).toBe(0);
    expect(Object.keys(machine.entries())).toEqual(['qemu-arm']);
  });
});
