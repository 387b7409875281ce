import { join } from 'node:path';
import { expect, test } from 'vitest';
import { NO_ARCHIVE } from './testing/archive.ts';
import { FOREIGN, foreignBusybox } from './testing/foreign-busybox.ts';
import { NO_STATIC_BUSYBOX } from './testing/image.ts';
import { table } from './testing/markdown.ts';
import { MOUNT, type Namespace, NO_NAMESPACES, openNamespace } from './testing/namespace.ts';
import { EXEC_CHECKS, EXEC_FOLDER } from './testing/peer-checks.ts';
import { qemuUser } from './testing/qemu-user.ts';

// What tonistiigi/binfmt's own tests ask for, checked by ours. No text of them is here: what a program of another CPU must
// do is what the same lines do with a program of this one.

const PAGE = join(import.meta.dirname, '../../../docs/register-binfmt.md');
const reason =
  NO_ARCHIVE ?? NO_NAMESPACES ?? NO_STATIC_BUSYBOX ?? (process.arch === 'x64' ? undefined : 'not amd64');

/** What each line does with one busybox, once the table is as `words` leave it. */
async function execResults(busybox: string, emulators: string, words: string): Promise<string[]> {
  await using machine = await openNamespace(`mount -t binfmt_misc binfmt_misc ${MOUNT}
    mount -t tmpfs -o mode=755 tmpfs /mnt
    set -- /mnt/work "${busybox}"
    ${EXEC_FOLDER}`);
  const { code } = await machine.register(words.split(' '), { env: { QEMU_BIN_DIR: emulators } });
  expect(code).toBe(0);
  const results = [];
  for (const { lines } of EXEC_CHECKS) {
    const { code: exit, stdout } = await machine.run(['sh', '-c', `here=/mnt/work; cd $here; ${lines}`]);
    // What follows the words is what else `cat` was asked for, of which not all is there.
    results.push(stdout === '' ? `exit ${exit}` : stdout.slice(0, stdout.lastIndexOf('\0')));
  }
  return results;
}

async function execRows(emulators: string): Promise<string[][]> {
  const busybox = await foreignBusybox();
  const own = await execResults('$(command -v busybox)', emulators, `--install ${FOREIGN.guest}`);
  expect(own.filter((result) => !result.includes('/proc/self/cmdline'))).toEqual([]);
  const installed = await execResults(busybox, emulators, `--install ${FOREIGN.guest}`);
  const persistent = await execResults(busybox, emulators, '-p yes');
  const compared = (result: string | undefined, index: number) =>
    result === own[index] ? 'same' : 'different: argv[0] is lost';
  return EXEC_CHECKS.map(({ name, what }, index) => [
    name,
    what,
    compared(installed[index], index),
    compared(persistent[index], index),
  ]);
}

interface Status {
  readonly supported: string[];
  readonly emulators: string[];
}

/** hack/install-and-test, call after call, and cmd/binfmt/list_test.go. */
async function statusRows(emulators: string): Promise<string[][]> {
  await using machine = await openNamespace();
  const call = (words: string) => machine.register(words.split(' '), { env: { QEMU_BIN_DIR: emulators } });
  const status = async (words: string): Promise<Status> => {
    const { code, stdout } = await call(words);
    expect([words, code]).toEqual([words, 0]);
    return JSON.parse(stdout);
  };
  const runs = async (machineOf: Namespace, guest: string) =>
    (await machineOf.register(['--verify'])).stdout.includes(`${guest.padEnd(14)} ok\n`);
  const rows: string[][] = [];
  const row = (name: string, what: string, same: boolean) =>
    rows.push([name, what, same ? 'same' : 'different']);

  const empty = await status('--uninstall qemu-*');
  row(
    '`--uninstall qemu-*`',
    'leaves no entry, and succeeds where there are none',
    empty.emulators.length === 0,
  );
  const all = await status('--install all');
  const platforms = ['arm64', 'amd64', 'arm/v7', 'arm/v6', 'riscv64', 'ppc64le', '386'];
  row(
    '`--install all`',
    'prints `supported` with the platforms of containers, the machine’s own among them',
    platforms.every((one) => all.supported.includes(`linux/${one}`)),
  );
  row(
    '`--install all`',
    'prints `emulators` with the names of entries',
    ['qemu-arm', 'qemu-riscv64'].every((one) => all.emulators.includes(one)),
  );
  const guests = ['aarch64', 'arm', 'ppc64le', 's390x', 'riscv64'];
  const ran = await Promise.all(guests.map((guest) => runs(machine, guest)));
  row('`uname -a`', 'programs of these platforms run', ran.every(Boolean));
  const fewer = await status('--uninstall aarch64,riscv64');
  row(
    '`--uninstall aarch64,riscv64`',
    'removes these from both lists, and leaves the others: here `qemu-aarch64_be` too, which there is none of',
    !['qemu-aarch64', 'qemu-riscv64', 'linux/arm64', 'linux/riscv64'].some((one) =>
      [...fewer.emulators, ...fewer.supported].includes(one),
    ) && ['linux/ppc64le', 'linux/arm/v7'].every((one) => fewer.supported.includes(one)),
  );
  row('`uname -a`', 'a program of aarch64 does not run any more', !(await runs(machine, 'aarch64')));
  await status('--install arm64');
  row('`--install arm64`', 'registers it again, by its platform', await runs(machine, 'aarch64'));
  await status('--install riscv64');
  row('`--install riscv64`', 'registers it again, by its name', await runs(machine, 'riscv64'));
  const twice = await status('--install arm64,s390x,arm64,arm64');
  row(
    'TestList',
    'a name that is listed twice counts once',
    twice.emulators.filter((one) => one === 'qemu-aarch64').length === 1,
  );
  expect(rows.filter(([, , result]) => result !== 'same')).toEqual([]);
  return rows;
}

/** What is not as there, found out by a call. */
async function differenceRows(emulators: string): Promise<string[][]> {
  await using machine = await openNamespace();
  const call = (words: string) =>
    machine.register(words.split(' ').filter(Boolean), { env: { QEMU_BIN_DIR: emulators } });
  expect((await call('--install amr64')).code).toBe(2);
  expect((await call('--install arm64 --qemu-path /nowhere')).code).toBe(1);
  expect(machine.entries()).toEqual({});
  expect(await call('--version')).toMatchObject({ stderr: '', stdout: expect.stringMatching(/^register/) });
  expect((await call('')).code).toBe(0);
  expect(Object.keys(machine.entries())).toHaveLength(31);
  return [
    [
      'a name that is unknown, or cannot be registered',
      'exit 2 or 1, and nothing is registered',
      'There it is printed, and the exit code is 0, so that a job goes on without its emulator.',
    ],
    [
      'a call without options on an empty table',
      'registers every guest, and then prints the same status',
      'There it only prints. Here images of multiarch’s kind are called so. If an emulator is held already, it only prints here too.',
    ],
    [
      'an entry that exists',
      'is kept if it works, replaced if not',
      'There it stays, whatever it does, and the exit code is 0. `docs/register.md` has the rule.',
    ],
    ['`--version`', 'on stdout', 'There it is on stderr. Scripts read it in a pipe.'],
    [
      '`buildkit-qemu-*`',
      'not in the images',
      'Their tests also run these emulators, patched to start programs without the kernel’s table, for BuildKit, which brings its own. The images here have Debian’s emulators as they are.',
    ],
    [
      'test/sched_test.go',
      'not compared',
      'It asks QEMU for the scheduler’s system calls, which no program of Debian’s busybox makes.',
    ],
  ];
}

test.skipIf(reason !== undefined)(
  `tonistiigi/binfmt's published behaviours are what docs/register-binfmt.md says (network, user namespace, static busybox, amd64)${reason ? `: ${reason}` : ''}`,
  { timeout: 300_000 },
  async () => {
    const { emulators } = await qemuUser();
    const text = `# What tonistiigi/binfmt's own tests ask for

Written by \`apps/register/src/peer.test.ts\` on amd64, in user namespaces with tables of entries of their own. To write the page
again: \`npx vitest run --project register peer -u\`.

The names are those of the checks in [tonistiigi/binfmt](https://github.com/tonistiigi/binfmt) (\`test\`, \`hack/install-and-test\`,
\`cmd/binfmt\`). Each is checked here by lines of our own.

## How one program starts another

The lines run with busybox of ${FOREIGN.guest}, by Debian's emulator, and with busybox of this machine. "Same" is the same words for the
program that is started, argv[0] among them. \`--install\` registers with flag P, as that project's emulators keep argv[0];
\`-p yes\` does so with \`-g yes\` only, as QEMU's script.

${table(['check', 'what happens', '`--install`', '`-p yes`'], await execRows(emulators))}

## Installing and the status

${table(['check', 'what is asked', 'here'], await statusRows(emulators))}

## What is different

${table(['what', 'here', 'why'], await differenceRows(emulators))}
`;
    await expect(text).toMatchFileSnapshot(PAGE);
  },
);
