import { elfPattern, escapeBytes, guest } from '@qemu-user-static/arch-table';
import { describe, expect, test } from 'vitest';
import { REGISTER_ERRORS } from './index.ts';
import { oneRound, setClock, untilRead, watchClock } from './testing/clock.ts';
import { standIns } from './testing/emulators.ts';
import { callImage, imageRoot, NO_STATIC_BUSYBOX, pretendedProc } from './testing/image.ts';
import { MOUNT, type Namespace, NO_NAMESPACES, openNamespace } from './testing/namespace.ts';
import { SHELLS } from './testing/shells.ts';

const bin = standIns();
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROLS = /[\x00-\x09\x0b-\x1f\x7f-\x9f]/;
const escaped = ({ magic, mask }: ReturnType<typeof elfPattern>) =>
  `${escapeBytes(magic)}:${escapeBytes(mask)}`;
const AARCH64 = escaped(elfPattern(guest('aarch64')));
const ARM = escaped(elfPattern(guest('arm')));

describe.skipIf(NO_NAMESPACES !== undefined).each(SHELLS)('reports in $name (user namespace)', (shell) => {
  const call = (machine: Namespace, words: string, env = {}) =>
    machine.register(words.split(' '), { shell, env: { HOST_ARCH: 'x86_64', QEMU_BIN_DIR: bin, ...env } });

  /** Entries of several makers. */
  const makers = () =>
    openNamespace(`mount -t binfmt_misc binfmt_misc ${MOUNT}
      echo ':FEX-x86:M::\\x7f\\x45\\x4c\\x46\\x01\\x01\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x02\\x00\\x28\\x00::/opt/fex "x" \\\\o/:' >${MOUNT}/register
      echo ':python3:E::py::/usr/bin/env:' >${MOUNT}/register
      echo ':qemu-aarch64:M::${AARCH64}:/bin/true:POF' >${MOUNT}/register
      echo ':qemu-arm:M::${ARM}:/gone/qemu-arm:' >${MOUNT}/register
      echo 0 >${MOUNT}/qemu-aarch64`);

  test('--status is a table of all entries', async () => {
    await using machine = await makers();
    expect(await call(machine, '--status')).toEqual({
      code: 0,
      stderr: '',
      stdout: [
        'ENTRY                      STATE     FLAGS  PLACE    INTERPRETER',
        String.raw`FEX-x86                    enabled   -      missing  /opt/fex "x" \o/`,
        'python3                    enabled   -      found    /usr/bin/env',
        'qemu-aarch64               disabled  POF    held     /bin/true',
        'qemu-arm                   enabled   -      missing  /gone/qemu-arm',
        '',
      ].join('\n'),
    });
  });

  test('--status --json has the same, and what the platforms are', async () => {
    await using machine = await makers();
    const { code, stdout } = await call(machine, '--status --json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      supported: expect.arrayContaining(['linux/amd64']),
      emulators: ['FEX-x86', 'python3', 'qemu-arm'],
      mount: MOUNT,
      status: 'enabled',
      entries: [
        {
          name: 'FEX-x86',
          state: 'enabled',
          flags: '',
          interpreter: String.raw`/opt/fex "x" \o/`,
          place: 'missing',
        },
        { name: 'python3', state: 'enabled', flags: '', interpreter: '/usr/bin/env', place: 'found' },
        { name: 'qemu-aarch64', state: 'disabled', flags: 'POF', interpreter: '/bin/true', place: 'held' },
        { name: 'qemu-arm', state: 'enabled', flags: '', interpreter: '/gone/qemu-arm', place: 'missing' },
      ],
      versions: {},
    });
  });

  test('--status has the version of each emulator that is here, --version all versions', async () => {
    await using machine = await openNamespace(`mount -t binfmt_misc binfmt_misc ${MOUNT}
      mount -t tmpfs -o mode=755 tmpfs /mnt
      emulator() {
        printf '#!/bin/sh\\necho "qemu-%s version %s (Debian 1:x)"\\n' $1 $2 >/mnt/qemu-$1-static
        chmod 755 /mnt/qemu-$1-static
      }
      emulator aarch64 7.2.22
      emulator arm 10.2.2
      emulator i386 10.2.2
      emulator riscv64 ''
      printf '#!/bin/sh\\nexit 1\\n' >/mnt/qemu-sh4-static`);
    const here = (words: string) => call(machine, words, { QEMU_BIN_DIR: '/mnt' });
    expect(await here('--status')).toEqual({
      code: 0,
      stderr: '',
      stdout: `no entries on ${MOUNT}\nQEMU 10.2.2 in /mnt: arm i386 i486\nQEMU 7.2.22 in /mnt: aarch64\n`,
    });
    const { versions } = JSON.parse((await here('--status --json')).stdout);
    expect(versions).toEqual({ aarch64: '7.2.22', arm: '10.2.2', i386: '10.2.2', i486: '10.2.2' });
    expect((await here('--version')).stdout).toMatch(/^register\/\w+ qemu\/10\.2\.2 qemu\/7\.2\.22\n$/);
  });

  /** Entries that only others make: names and interpreters with the signs that lists are written with. */
  const odd = () =>
    openNamespace(`mount -t binfmt_misc binfmt_misc ${MOUNT}
      echo ':pipe|"d:E::zw::/opt/a|"b:' >${MOUNT}/register
      echo ':-x:E::zx::/opt/x:' >${MOUNT}/register
      echo ':two words:E::zy::/opt/y z:' >${MOUNT}/register
      echo ':x qemu-arm:E::zz::/opt/z:' >${MOUNT}/register`);

  test('an entry may have any name and any interpreter', async () => {
    await using machine = await odd();
    const { stdout } = await call(machine, '--status --json');
    const { entries, emulators, supported } = JSON.parse(stdout);
    expect(entries.map(({ name, interpreter }: Record<string, string>) => [name, interpreter])).toEqual([
      ['-x', '/opt/x'],
      ['pipe|"d', '/opt/a|"b'],
      ['two words', '/opt/y z'],
      ['x qemu-arm', '/opt/z'],
    ]);
    expect(emulators).toEqual(['-x', 'pipe|"d', 'two words', 'x qemu-arm']);
    expect(supported).not.toContain('linux/arm/v7');
    expect((await call(machine, '--status')).stdout).toContain(
      'two words                  enabled   -      missing  /opt/y z\n',
    );
    expect(await call(machine, '--doctor')).toMatchObject({ code: 0 });
    expect(await call(machine, '--reset')).toMatchObject({ code: 0 });
    expect(Object.keys(machine.entries())).toEqual(expect.arrayContaining(['-x', 'pipe|"d', 'two words']));
  });

  test("nothing of the kernel's text reaches the terminal as it is", async () => {
    await using machine = await openNamespace(`mount -t binfmt_misc binfmt_misc ${MOUNT}
      printf ':e\\033[2Jvil:E::zw::/opt/\\033]0;x\\007\\302\\233m:' >${MOUNT}/register
      printf ':qemu-arm:M::${ARM.replaceAll('\\', '\\\\')}:/opt/\\033[31m\\177:' >${MOUNT}/register
      printf ':qemu-\\033[1m:E::zx::/x\\nok  all is well:' >${MOUNT}/register`);
    expect(machine.entries()).toHaveProperty('qemu-arm');
    for (const words of [
      '--status',
      '--status --json',
      '--doctor',
      '--doctor --json',
      '--verify --json',
      '--verify',
      '-g yes',
      '--reset --dry-run',
      '--uninstall qemu-*',
    ]) {
      const { stdout, stderr } = await call(machine, words);
      expect([words, stdout + stderr]).toEqual([words, expect.not.stringMatching(CONTROLS)]);
    }
    expect((await call(machine, '--status')).stdout).toContain(String.raw`e\033[2Jvil`);
  });

  test('what would end another call is a finding of --doctor', async () => {
    await using machine = await openNamespace();
    const { code, stdout } = await call(machine, '--doctor --json', { HOST_ARCH: 'foo' });
    expect([code, JSON.parse(stdout)]).toEqual([
      1,
      {
        findings: [
          {
            level: 'bad',
            text: 'the CPU of this machine, "foo", is not in the table',
            remedy: REGISTER_ERRORS.HOST_UNKNOWN.remedy,
          },
        ],
        verdict: 'emulators do not work here: the CPU of this machine, "foo", is not in the table',
      },
    ]);
  });

  test('an empty table is an empty list, and said to be one, and whether binfmt_misc is off', async () => {
    await using machine = await openNamespace();
    expect((await call(machine, '--doctor')).stdout).toMatch(/^verdict: nothing is registered; .*\n$/m);
    await machine.sh(`echo 0 >${MOUNT}/status`);
    expect((await call(machine, '--status')).stdout).toBe(
      `binfmt_misc is switched off: no entry works until "echo 1 >${MOUNT}/status"\nno entries on ${MOUNT}\n`,
    );
    expect(JSON.parse((await call(machine, '--status --json')).stdout).status).toBe('disabled');
    await machine.sh(`echo 1 >${MOUNT}/status`);
    expect(await call(machine, '--status')).toEqual({
      code: 0,
      stdout: `no entries on ${MOUNT}\n`,
      stderr: '',
    });
    expect(JSON.parse((await call(machine, '--status --json')).stdout)).toMatchObject({
      emulators: [],
      entries: [],
    });
  });

  test('--doctor says what works, what does not, and what to do', async () => {
    await using machine = await makers();
    const { code, stdout } = await call(machine, '--doctor');
    expect(code).toBe(0);
    for (const line of [
      /^ok {4}Linux [\w.-]+ on x86_64$/,
      /^ok {4}kernel supports flags F \(persistent\) and P \(preserve argv\[0\]\)$/,
      /^ok {4}kernel supports binfmt_misc$/,
      /^warn {2}user namespace: entries made here disappear with it\n {6}-> Run it once as root/,
      /^ok {4}emulators for 31 guests in \/\S+; not counted, because this machine is of their family of CPUs: i386 i486 x86_64 \(see --ignore-family\)$/,
      /^note {2}which programs each QEMU version runs: docs\/conformance\.md in the repository of this image$/,
      /^ok {4}--verify can run programs in \/tmp$/,
      /^ok {4}binfmt_misc is mounted on \/proc\/sys\/fs\/binfmt_misc \(binfmt_misc, rw\)$/,
      /^ok {4}entries can be written$/,
      /^warn {2}without flag F, the emulator must be in every container that runs programs of: arm\n {6}-> Register with flag F/,
      /^verdict: no entry of a guest is in working order; see the warnings above$/,
      /^warn {2}FEX-x86 claims the programs of arm too: the entry made last wins\n {6}-> Remove the one/,
      /^warn {2}qemu-aarch64: disabled, flags "POF", \/bin\/true \(held\), made by something else\n {6}-> Add --reset/,
      /^warn {2}qemu-arm: enabled, flags "", \/gone\/qemu-arm \(missing\), made by something else\n {6}-> Use an image that has it/,
    ]) {
      expect(stdout).toMatch(new RegExp(line.source, 'm'));
    }
  });

  test.each([
    ['--install arm64', '', 'as --install makes it'],
    ['-p yes', '', 'as this program makes it'],
    ['', `:qemu-aarch64:M::${AARCH64}:/usr/bin/qemu-aarch64:PO`, 'made by something else'],
    [
      '',
      `:qemu-aarch64-static:M::${AARCH64}:/usr/bin/qemu-aarch64-static:`,
      "as Fedora's qemu-user-static makes it",
    ],
    [
      '',
      `:qemu-aarch64:M::${AARCH64}:/usr/libexec/qemu-binfmt/aarch64-binfmt-P:PO`,
      "as Debian 12's qemu-user-static makes it",
    ],
  ])('--doctor knows who made an entry: %s%s', async (words, line, owner) => {
    await using machine = await openNamespace();
    if (words) await call(machine, words);
    else await machine.sh(`echo '${line}' >${MOUNT}/register`);
    expect((await call(machine, '--doctor')).stdout).toMatch(
      new RegExp(`qemu-aarch64(-static)?: enabled, .*, ${owner}$`, 'm'),
    );
  });

  test('--doctor exits 1 when something keeps entries from working', async () => {
    await using machine = await openNamespace(
      `mount -t binfmt_misc binfmt_misc ${MOUNT}; echo 0 >${MOUNT}/status`,
    );
    const { code, stdout } = await call(machine, '--doctor --json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout).findings).toContainEqual({
      level: 'bad',
      text: 'binfmt_misc is switched off',
      remedy: 'On the host, as root: echo 1 > /proc/sys/fs/binfmt_misc/status',
    });
  });

  test('--doctor that finds nothing bad, and cannot be written, fails as other reports do', async () => {
    await using machine = await openNamespace();
    const under = ['sh', '-c', 'exec "$@" >/dev/full', 'sh'];
    const env = { HOST_ARCH: 'x86_64', QEMU_BIN_DIR: bin };
    expect(await machine.register(['--doctor'], { shell, under, env })).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^OUTPUT_FAILED: stdout could not be written: .*; remedy: .*$/m),
    });
  });

  const kernel = (release: string) =>
    `mount -t tmpfs tmpfs /mnt; echo ${release} >/mnt/release; mount --bind /mnt/release /proc/sys/kernel/osrelease`;
  const mountIt = `mount -t binfmt_misc binfmt_misc ${MOUNT}`;

  test.each([
    [
      'a kernel before flag F',
      kernel('4.4.0-210'),
      1,
      'bad   kernel lacks flag F: emulators must be in every container\n      -> Omit the option',
    ],
    [
      'a kernel before flag P',
      kernel('5.4.0'),
      1,
      'note  kernel supports flag F (persistent); flag P (preserve argv[0]) needs Linux 5.12\n',
    ],
    [
      'a kernel whose user namespaces have no entries',
      kernel('6.1.0'),
      1,
      'bad   user namespace: before Linux 6.7 it cannot register entries\n      -> Run it once as root',
    ],
    [
      'a read-only table',
      `mount -o remount,ro,bind ${MOUNT}`,
      1,
      `bad   ${MOUNT} is mounted read-only\n      -> Run the container with`,
    ],
    [
      'a read-only /proc/sys',
      'mount --rbind /proc/sys /proc/sys; mount -o remount,ro,bind /proc/sys',
      0,
      'note  /proc/sys is read-only, as in every container without --privileged\n',
    ],
  ])('--doctor finds %s', async (_, prepare, code, finding) => {
    await using machine = await openNamespace(`${mountIt}\n${prepare}`);
    expect(await call(machine, '--doctor')).toMatchObject({ code, stdout: expect.stringContaining(finding) });
  });

  test('--doctor goes on where nothing is mounted', async () => {
    await using machine = await openNamespace('true');
    const { code, stdout } = await call(machine, '--doctor');
    expect([code, stdout]).toEqual([
      1,
      expect.stringContaining(`bad   binfmt_misc is not mounted on ${MOUNT}, and cannot be from here\n`),
    ]);
  });

  test('--version names the script and what the emulators are', async () => {
    await using machine = await openNamespace('true');
    expect((await call(machine, '--version')).stdout).toMatch(/^register\/[0-9a-f]{12} qemu\/none\n$/);
  });
});

describe.skipIf(NO_NAMESPACES !== undefined || NO_STATIC_BUSYBOX !== undefined)(
  'what --doctor finds in a machine of its own (user namespace, static busybox)',
  () => {
    const pretend = (mounts: string) => openNamespace(`${imageRoot()} ${pretendedProc(mounts)}`);
    const findings = async (machine: Namespace) => {
      const { code, stdout } = await callImage(machine, '--doctor --json');
      return [code, JSON.parse(stdout).findings.at(-1)] as const;
    };

    test('an automount that has not mounted the table', async () => {
      await using machine = await pretend(`systemd-1 ${MOUNT} autofs rw 0 0`);
      expect(await findings(machine)).toEqual([
        1,
        {
          level: 'bad',
          text: `${MOUNT} is an automount that has not mounted binfmt_misc`,
          remedy: REGISTER_ERRORS.AUTOFS_NOT_TRIGGERED.remedy,
        },
      ]);
    });

    test('a call that has been changing entries for long, while it looks whether they stay', async () => {
      await using machine = await pretend(`binfmt_misc ${MOUNT} binfmt_misc rw 0 0`);
      await machine.sh(`mkdir /mnt/keep; mount -t binfmt_misc binfmt_misc /mnt/keep
        echo ':qemu-register-lock:E::qemu-register-lock::/1019:' >/mnt/keep/register`);
      const clock = '/mnt/proc/uptime';
      await machine.sh(watchClock(clock));
      const looking = findings(machine);
      await machine.sh(`${untilRead(clock)}; ${oneRound(clock)}; ${setClock(1021, clock)}`);
      expect(await looking).toEqual([
        1,
        {
          level: 'bad',
          text: 'another call has been changing entries for 2 s',
          remedy: REGISTER_ERRORS.BUSY.remedy,
        },
      ]);
    });
  },
);
