import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GUEST_NAMES, type GuestName, namesOf } from '@qemu-user-static/arch-table';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NO_ARCHIVE } from './testing/archive.ts';
import { byteDifferences, bytes, type Line, readLines } from './testing/binfmt-lines.ts';
import { standIns } from './testing/emulators.ts';
import { COMMANDS, REASONS } from './testing/known-differences.ts';
import { code, table } from './testing/markdown.ts';
import { type Namespace, NO_NAMESPACES, openNamespace } from './testing/namespace.ts';
import { type QemuScript, qemuScript } from './testing/qemu-script.ts';
import { type QemuUser, qemuUser } from './testing/qemu-user.ts';
import { type Outcome, run } from './testing/run.ts';
import { scratch, scriptFile } from './testing/script.ts';

const DOCUMENT = join(import.meta.dirname, '../../../docs/register-differences.md');

let folders = 0;
function newFolder(): string {
  const folder = join(scratch(), `out-${folders++}`);
  mkdirSync(folder);
  return folder;
}

const reason = NO_ARCHIVE ?? NO_NAMESPACES;

describe.skipIf(reason !== undefined)(
  `compared (network, user namespace)${reason ? `: ${reason}` : ''}`,
  () => {
    let theirScript: QemuScript;
    let debian: QemuUser;
    let cage: Namespace;
    beforeAll(async () => {
      [theirScript, debian, cage] = await Promise.all([qemuScript(), qemuUser(), openNamespace()]);
    }, 600_000);
    afterAll(() => cage[Symbol.asyncDispose]());

    // QEMU's script never runs outside: whatever it makes of its command line, it registers in the cage.
    const theirs = (words: readonly string[], env = {}) => cage.run(['sh', theirScript.path, ...words], env);
    const ours = (words: readonly string[], env = {}) => run(['sh', scriptFile(), ...words], { env });
    /** Options that make both look for the same emulators. */
    const SAME = ['--qemu-path', '/usr/bin', '--qemu-suffix', '-static'];

    async function both(words: readonly string[], env: Record<string, string>) {
      const [a, b] = [newFolder(), newFolder()];
      const outcomes = await Promise.all([
        theirs([...SAME, ...words, '--exportdir', a], env),
        ours([...SAME, ...words, '--exportdir', b], env),
      ]);
      return { outcomes, theirs: a, ours: b };
    }

    test("Debian's own lines are ours, but for the flags, and i486, which Debian leaves out", async () => {
      const out = newFolder();
      // For a host that is none of the guests that Debian has: so that every one is written.
      await ours(
        [
          '-s',
          'ALL',
          '-i',
          'yes',
          '-p',
          'yes',
          '-g',
          'yes',
          '-c',
          'yes',
          '-Q',
          '/usr/bin',
          '-F',
          '',
          '-e',
          out,
        ],
        { HOST_ARCH: 'i486' },
      );
      await ours(
        [
          '-s',
          'i386',
          '-i',
          'yes',
          '-p',
          'yes',
          '-g',
          'yes',
          '-c',
          'yes',
          '-Q',
          '/usr/bin',
          '-F',
          '',
          '-e',
          out,
        ],
        { HOST_ARCH: 'arm' },
      );
      const lines = readLines(out);
      const patterns = (all: Record<string, Line>) =>
        Object.fromEntries(
          Object.entries(all).map(([name, { magic, mask, interpreter }]) => [
            name,
            { magic, mask, interpreter },
          ]),
        );
      const { i486, ...others } = patterns(lines);
      expect([i486, patterns(readLines(debian.binfmt))]).toEqual([undefined, others]);
      expect(new Set(Object.values(readLines(debian.binfmt)).map(({ flags }) => flags))).toEqual(
        new Set(['OPF']),
      );
    });

    /** Flags do not depend on the host: each has its own combination, and one host has all. */
    const combination = (index: number) =>
      ['-p', '-c', '-g'].flatMap((option, bit) => [option, index & (1 << bit) ? 'yes' : 'no']);

    /** What is not the same in two folders of files, but for bytes of patterns that are explained. */
    function unexplained(theirs: string, ours: string): unknown[] {
      const [a, b] = [readLines(theirs), readLines(ours)];
      const reported = (lines: Record<string, Line>) =>
        JSON.stringify(
          Object.entries(lines).map(([name, { interpreter, flags }]) => [name, interpreter, flags]),
        );
      if (reported(a) !== reported(b)) return [reported(a), reported(b)];
      return Object.entries(a)
        .flatMap(([name, line]) => byteDifferences(name, line, b[name] as Line))
        .filter((difference) => !REASONS.some(({ fits }) => fits(difference)));
    }

    test('every host that QEMU knows gets the same lines for the same guests, whether its family is ignored or not', {
      timeout: 60_000,
    }, async () => {
      const aliases = GUEST_NAMES.flatMap((name) => namesOf(name, 'uname')).filter(
        (name) => !name.includes('*'),
      );
      const different: unknown[] = [];
      const waiting = [
        ...GUEST_NAMES.flatMap((host) => ['no', 'yes'].map((ignore) => ({ host: host as string, ignore }))),
        ...aliases
          .filter((name) => !GUEST_NAMES.includes(name as GuestName))
          .map((host) => ({ host, ignore: 'no' })),
      ].map((call, index) => ({ ...call, flags: combination(index % 8) }));
      const unknown = new Set<string>();
      const work = async () => {
        for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
          const { host, ignore, flags } = next;
          const result = await both(['-s', 'ALL', '-i', ignore, ...flags], { HOST_ARCH: host });
          if (result.outcomes[0].stderr.includes('unknown host cpu')) unknown.add(host);
          else different.push(...unexplained(result.theirs, result.ours).map((what) => ({ ...next, what })));
        }
      };
      await Promise.all(Array.from({ length: 4 }, work));
      expect(different).toEqual([]);
      // Names that uname prints and QEMU's script does not know.
      expect([...unknown].sort()).toEqual(['openrisc', 'sh4a', 'sh4aeb', 'sun4u', 'sun4v']);
    });

    test.each(['', ...Array.from({ length: 8 }, (_, index) => combination(index).join(' '))])(
      'the lines have the same flags and interpreters with "%s"',
      async (words) => {
        const result = await both(['-s', 'ALL', ...words.split(' ').filter(Boolean)], {
          HOST_ARCH: 'x86_64',
        });
        expect(readdirSync(result.ours)).toHaveLength(31);
        expect(unexplained(result.theirs, result.ours)).toEqual([]);
      },
    );

    test('the templates for update-binfmts have the same fields', async () => {
      const result = await both(['-d', '-c', 'yes', '-g', 'yes'], { HOST_ARCH: 'x86_64' });
      const fields = (folder: string) =>
        readdirSync(folder).map((name) =>
          readFileSync(join(folder, name), 'utf8')
            .split('\n')
            .filter((line) => !/^(magic|mask) /.test(line)),
        );
      expect(fields(result.ours)).toEqual(fields(result.theirs));
    });

    test.skipIf(process.arch !== 'x64')(
      "in the kernel, QEMU's script leaves the same entries (amd64)",
      async () => {
        const bin = standIns();
        const words = ['--qemu-path', bin, '--qemu-suffix', '-static', '-p', 'yes', '-c', 'yes'];
        await using one = await openNamespace();
        await using other = await openNamespace();
        expect((await one.run(['sh', theirScript.path, ...words])).code).toBe(0);
        expect((await other.register(words)).code).toBe(0);
        const reported = (all: ReturnType<typeof one.entries>) =>
          Object.entries(all).map(([name, { state, interpreter, flags, offset }]) => [
            name,
            state,
            interpreter,
            flags,
            offset,
          ]);
        expect(reported(other.entries())).toEqual(reported(one.entries()));
      },
    );

    test('every difference is listed and explained in docs/register-differences.md', async () => {
      const result = await both(['-s', 'ALL', '-i', 'yes'], { HOST_ARCH: 'x86_64' });
      const [a, b] = [readLines(result.theirs), readLines(result.ours)];
      const differences = Object.keys(b).flatMap((name) =>
        byteDifferences(name, a[name] as Line, b[name] as Line),
      );
      const x86 = await both(['-s', 'x86_64'], { HOST_ARCH: 'aarch64' });
      differences.push(
        ...byteDifferences(
          'x86_64',
          readLines(x86.theirs).x86_64 as Line,
          readLines(x86.ours).x86_64 as Line,
        ),
      );
      const explained = differences.map((difference) => {
        const reason = REASONS.find(({ fits }) => fits(difference))?.reason;
        if (reason === undefined) throw new Error(`no reason for ${JSON.stringify(difference)}`);
        return { ...difference, reason };
      });
      const debianLines = readLines(debian.binfmt);
      const groups = REASONS.map(({ reason }) => {
        const rows = explained.filter((row) => row.reason === reason);
        const guests = [...new Set(rows.map(({ guest }) => guest))].sort();
        const places = [
          ...new Set(
            rows.map(
              ({ part, at, theirs, ours }) => `${part} byte ${at}: ${code(theirs)}, here ${code(ours)}`,
            ),
          ),
        ];
        const likeDebian = rows.every(
          ({ guest, part, at, ours }) =>
            !(guest in debianLines) || bytes(debianLines[guest as GuestName]?.[part] ?? '')[at] === ours,
        );
        return [guests.map(code).join(' '), places.join('; '), likeDebian ? 'as here' : 'as QEMU', reason];
      });
      await expect(await document(groups)).toMatchFileSnapshot(DOCUMENT);
    });

    /** Command lines that end differently, run with both, each in a namespace of its own. */
    async function commandRows(): Promise<string[][]> {
      const reported = async (
        words: string,
        program: (machine: Namespace, words: string[]) => Promise<Outcome>,
      ) => {
        await using machine = await openNamespace();
        const out = newFolder();
        const { code: exit } = await program(machine, [...words.split(' '), '--exportdir', out]);
        return `exit ${exit}, ${readdirSync(out).length} files, ${Object.keys(machine.entries()).length} entries`;
      };
      const env = { HOST_ARCH: 'x86_64' };
      return Promise.all(
        COMMANDS.map(async ([words, why]) => [
          code(words),
          await reported(words, (machine, all) => machine.run(['sh', theirScript.path, ...all], env)),
          await reported(words, (machine, all) => machine.register(all, { env })),
          why,
        ]),
      );
    }

    async function document(groups: readonly string[][]): Promise<string> {
      return `# Differences from QEMU's script and from Debian's files

Written by \`apps/register/src/differences.test.ts\`, which compares \`register\` with \`scripts/qemu-binfmt-conf.sh\` out of
the newest source of QEMU that Debian's archive has, and with \`usr/share/qemu/binfmt.d\` of sid's qemu-user. It fails
when something differs that is not listed here. To write it again: \`npx vitest run --project register differences -u\`.

## What is the same

- The guests that each host registers: ${GUEST_NAMES.length} CPUs as \`HOST_ARCH\`, with and without \`--ignore-family yes\`.
- Interpreters, names of entries and files, and the order of flags: on \`x86_64\` for every combination of \`-p\`, \`-c\` and
  \`-g\`, and for one of the eight in turn on every other host.
- The templates of \`--debian\`.
- Magic and mask of all ${Object.keys(readLines(debian.binfmt)).length} guests in Debian's package, byte for byte.

## Patterns

${table(['guests', 'byte: QEMU, here', 'Debian', 'why'], groups)}

The bytes \`ELF\` are spelled \`\\x45\\x4c\\x46\` here and in Debian's files, and \`ELF\` in QEMU's script; the kernel takes both.

## Flags and guests of Debian's files

Debian registers with flags \`OPF\`: always held open, always with argv[0] preserved. Here \`-p\` and \`-g\` choose them, as in QEMU's script; \`O\` comes with \`-c\`. i486 is not in Debian's package: here, as in QEMU's script, its programs
run on \`qemu-i386\`.

## Command lines

Each was run with both on a host \`x86_64\`, with an empty folder for files (\`--exportdir\`) and an empty table of entries.

${table(['command line', "QEMU's script", 'register', 'why'], await commandRows())}

And, without a command line of their own:

- Emulators are looked for in \`/usr/bin\` under \`qemu-<guest>-static\` (\`QEMU_BIN_DIR\` names another folder), where QEMU's
  script takes \`/usr/local/bin\` and no suffix: it is how the images call it.
- With \`-p yes\`, guests whose emulator is not there are left out; where there is none at all, nothing is changed and the
  exit code is 1. QEMU's script writes every line and exits with the code of the last.
- An entry that is there already is kept if it works and has what was asked for. QEMU's script fails with "File exists" and
  leaves one that does not work.
- A guest that another program's entry claims is skipped. QEMU's script shadows that entry.
- Called with no option at all, it ends with the status as JSON on stdout.
- Either everything is registered that was asked for, or nothing. QEMU's script goes on after a failure.
- The machine's own programs are never given to an emulator, whatever \`HOST_ARCH\` and \`--ignore-family\` say: QEMU's script
  registers them, and then no program starts any more.
- "Setting ... as binfmt interpreter for ..." is printed on stdout as there, but after all is done. Of files, only the folder
  is printed, on stderr.
- \`uname\`'s names \`sun4u\`, \`sun4v\`, \`openrisc\`, \`sh4a\` and \`sh4aeb\` are known as hosts.
- systemd and Debian's binfmt-support are not asked whether they are there: in a container they never are.
`;
    }
  },
);
