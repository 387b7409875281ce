import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { clockAt, oneRound, setClock } from './testing/clock.ts';
import { standIns } from './testing/emulators.ts';
import { entriesOf, guestsBut } from './testing/expected.ts';
import { MOUNT, type Namespace, NO_NAMESPACES, openNamespace } from './testing/namespace.ts';
import { run } from './testing/run.ts';
import { scratch, scriptFile } from './testing/script.ts';
import { SHELLS } from './testing/shells.ts';

const bin = standIns();
const LOCK = 'qemu-register-lock';
const BREAKER = 'qemu-register-break';
const PERSISTENT = entriesOf(guestsBut('i386'), 'F', bin);
const INSTALLED = entriesOf(['aarch64', 'arm', 'riscv64'], 'POCF', bin);

/** The path of a script whose functions begin with those lines, to have something happen at that moment. */
function withLines(lines: Readonly<Record<string, string>>): string {
  const file = join(mkdtempSync(join(scratch(), 'altered-')), 'register');
  let script = readFileSync(scriptFile(), 'utf8');
  for (const [name, line] of Object.entries(lines)) {
    const [before, after, ...more] = script.split(`\n${name}() {\n`);
    if (after === undefined || more.length > 0) throw new Error(`the script has not one function ${name}`);
    script = `${before}\n${name}() {\n${line}\n${after}`;
  }
  writeFileSync(file, script);
  return file;
}

describe.skipIf(NO_NAMESPACES !== undefined).each(SHELLS)(
  'several calls in $name (user namespace)',
  (shell) => {
    const call = (machine: Namespace, words: string, under: readonly string[] = []) =>
      machine.register(words.split(' '), { shell, under, env: { HOST_ARCH: 'x86_64', QEMU_BIN_DIR: bin } });

    test('the same at the same time: all succeed, and everything is there', async () => {
      await using machine = await openNamespace();
      for (let round = 0; round < 2; round++) {
        const outcomes = await Promise.all(Array.from({ length: 4 }, () => call(machine, '--reset -p yes')));
        expect(outcomes.map(({ code, stderr }) => [code, stderr])).toEqual(
          outcomes.map(() => [
            0,
            'Warning: these entries exist only in this user namespace and disappear with it.\n',
          ]),
        );
        expect(machine.entries()).toEqual(PERSISTENT);
      }
    });

    test('different ones at the same time: what is there is what one of them wanted, whole', async () => {
      await using machine = await openNamespace();
      for (let round = 0; round < 3; round++) {
        const outcomes = await Promise.all([
          call(machine, '--reset -p yes'),
          call(machine, '--uninstall qemu-* --install arm64,arm,riscv64'),
        ]);
        expect(outcomes.map(({ code }) => code)).toEqual([0, 0]);
        const left = machine.entries();
        expect([PERSISTENT, INSTALLED]).toContainEqual(left);
      }
    });

    test('a call that is interrupted leaves what was there, or all that it wanted', {
      timeout: 30_000,
    }, async () => {
      await using machine = await openNamespace();
      await call(machine, '--install arm64,arm,riscv64');
      const codes = new Set<number>();
      for (const milliseconds of [2, 4, 5, 6, 7, 8, 9, 10, 12, 15, 20, 30]) {
        const { code } = await call(machine, '--reset -p yes', [
          'timeout',
          '--preserve-status',
          '-s',
          'TERM',
          `${milliseconds / 1000}`,
        ]);
        codes.add(code);
        const left = machine.entries();
        expect(code === 0 ? [PERSISTENT] : [PERSISTENT, INSTALLED]).toContainEqual(left);
        await call(machine, '--uninstall qemu-* --install arm64,arm,riscv64');
      }
      expect([0, 1, 128, 143]).toEqual(expect.arrayContaining([...codes]));
    });

    test.each([
      ['a signal', 'kill -TERM $$', 1],
      ['a failure', 'fail REFUSED refused', 1],
      ['a reader that is gone', 'kill -PIPE $$', 141],
    ])('a signal while %s ends the call: all is as it was, and no lock stays', async (_, end, status) => {
      await using machine = await openNamespace();
      await call(machine, '--install arm64,arm,riscv64');
      // Ctrl-C twice is one, and timeout(1) another: it signals the process, and then its group.
      const script = withLines({ read_back: end, finish: 'code=$?; kill -TERM $$; (exit $code)' });
      const env = { HOST_ARCH: 'x86_64', QEMU_BIN_DIR: bin };
      const { code } = await machine.run([...shell.argv, script, '--reset', '-p', 'yes'], env);
      expect(code).toBe(status);
      expect(machine.entries()).toEqual(INSTALLED);
    });

    test('a call whose reader is gone ends as one that is interrupted: nothing stays, and no lock', async () => {
      await using machine = await openNamespace();
      await machine.sh(
        `mount -t tmpfs -o mode=755 tmpfs /mnt; cp -a ${bin}/. /mnt; chmod 644 /mnt/qemu-sh4-static`,
      );
      // One line is read. The next is said when an emulator in the middle of the table cannot be opened.
      const read = ['sh', '-c', '"$@" 2>&1 | head -n 1', 'sh'];
      const env = { HOST_ARCH: 'x86_64', QEMU_BIN_DIR: '/mnt' };
      await machine.register(['-p', 'yes'], { shell, under: read, env });
      expect(machine.entries()).toEqual({});
      // What is registered is said when all is done.
      await machine.sh('chmod 755 /mnt/qemu-sh4-static');
      for (const words of [
        ['-p', 'yes'],
        ['-p', 'yes', '--verify'],
      ]) {
        await machine.register(words, { shell, under: read, env: { ...env, TMPDIR: '/mnt' } });
        expect(machine.entries()).toEqual(entriesOf(guestsBut('i386'), 'F', '/mnt'));
      }
      expect(await machine.sh('ls -d /mnt/register.* 2>/dev/null || echo none')).toBe('none\n');
    });

    test('a call whose reader is gone while it has the lock gives it back', async () => {
      await using machine = await openNamespace(
        `mount -t tmpfs tmpfs /mnt; mount -t binfmt_misc binfmt_misc ${MOUNT}`,
      );
      const words = `--uninstall ${Array.from({ length: 100 }, (_, index) => `qemu-${index}`).join()}`;
      const read = ['sh', '-c', '{ "$@"; echo $? >/mnt/code; } 2>&1 | head -n 1', 'sh'];
      await call(machine, words, read);
      expect(await machine.sh('cat /mnt/code')).toBe('141\n');
      expect(machine.entries()).toEqual({});
    });

    /** Lines that make a lock, as a call does that began at that time. */
    const make = (name: string, time = '$(cut -d. -f1 /proc/uptime)') =>
      `echo ":${name}:E::${name}::/${time}:" >${MOUNT}/register`;
    const remove = (name: string) => `echo -1 >${MOUNT}/${name}`;

    test('a lock that a killed call left is broken, and several that wait for it have their turns', async () => {
      await using machine = await openNamespace();
      await machine.sh(make(LOCK, '1'));
      const outcomes = await Promise.all(Array.from({ length: 4 }, () => call(machine, '--reset -p yes')));
      expect(outcomes.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
      expect(machine.entries()).toEqual(PERSISTENT);
    });

    test('only one call breaks it: while another does, it stays, and when it is found to be alive', async () => {
      await using machine = await openNamespace(
        `mount -t binfmt_misc binfmt_misc ${MOUNT}; ${clockAt(1016)}`,
      );
      await machine.sh(`${make(LOCK, '1000')}; ${make(BREAKER, '1016')}`);
      const waiting = call(machine, '-p yes');
      await machine.sh(oneRound());
      expect(Object.keys(machine.entries())).toEqual([BREAKER, LOCK]);
      // The clock is put back in one write: the lock is not stale any more.
      await machine.sh(`${setClock(1005)}; ${remove(BREAKER)}; ${oneRound()}`);
      expect(Object.keys(machine.entries())).toEqual([LOCK]);
      await machine.sh(remove(LOCK));
      expect((await waiting).code).toBe(0);
      expect(machine.entries()).toEqual(PERSISTENT);
    });

    test('a call that was killed while it broke a lock does not keep others from it', async () => {
      await using machine = await openNamespace();
      await machine.sh(`${make(LOCK, '1')}; ${make(BREAKER, '2')}`);
      expect((await call(machine, '-p yes')).code).toBe(0);
      expect(machine.entries()).toEqual(PERSISTENT);
    });
  },
);

describe.each(SHELLS)('the steps of the lock in $name', (shell) => {
  /** Calls a function of the script's part, with others in place of what it calls. */
  async function step(lines: string) {
    const part = join(import.meta.dirname, 'script/registering/60-lock.sh');
    const line = `set -u; LOCK=lock BREAKER=breaker MOUNT=/nowhere; . ${part}
      write_entry() { echo "$*"; }; fail() { echo "$1"; exit 1; }; ${lines}`;
    // As a file: with -c and a socket for stdin, bash reads the user's .bashrc.
    const file = join(mkdtempSync(join(scratch(), 'step-')), 'lines');
    writeFileSync(file, line);
    const { code, stdout } = await run([...shell.argv, file]);
    return [code, stdout];
  }

  test('who breaks a lock looks at it once more: it may have been made again', async () => {
    const stubs = 'make_lock() { :; }; is_stale() { [ "$STALE" = yes ]; }';
    expect(await step(`${stubs}; STALE=no; break_lock`)).toEqual([0, 'breaker -1\n']);
    expect(await step(`${stubs}; STALE=yes; break_lock`)).toEqual([0, 'lock -1\nbreaker -1\n']);
  });

  const TURN = 'uptime() { uptime=1; }; interrupted() { echo interrupted; exit 1; }; wait_for_lock() { :; }';

  test.each(['INT', 'TERM', 'HUP'])(
    'signal %s ends a call before, while and after it takes the lock',
    async (signal) => {
      const kill = `kill -${signal} $$`;
      expect(await step(`${TURN}; take_lock() { ${kill}; return 1; }; lock; echo went on`)).toEqual([
        1,
        'interrupted\n',
      ]);
      expect(await step(`${TURN}; take_lock() { ${kill}; }; lock; echo went on`)).toEqual([
        1,
        'interrupted\n',
      ]);
      expect(await step(`${TURN}; take_lock() { :; }; lock; ${kill}; echo went on`)).toEqual([
        1,
        'interrupted\n',
      ]);
      expect(await step(`${TURN}; take_lock() { :; }; lock; echo $LOCKED`)).toEqual([0, 'yes\n']);
    },
  );

  test('a lock that has just been removed is not stale', async () => {
    expect(
      await step('uptime=100 FUTURE=" "; if is_stale lock; then echo stale; else echo gone; fi'),
    ).toEqual([0, 'gone\n']);
  });

  test('a lock is given back once: after that it may be that of another call', async () => {
    expect(await step('LOCKED=yes; unlock; unlock')).toEqual([0, 'lock -1\n']);
    expect(await step('LOCKED=no; unlock')).toEqual([0, '']);
    expect(await step('LOCKED=yes; give_back; give_back')).toEqual([0, 'lock -1\n']);
  });

  test('a signal while a lock is given back ends the call after that, and the lock is not given back again', async () => {
    const stubs =
      'write_entry() { echo "$*"; kill -TERM $$; }; interrupted() { give_back; echo interrupted; exit 1; }';
    expect(await step(`${stubs}; LOCKED=yes; unlock; echo went on`)).toEqual([1, 'lock -1\ninterrupted\n']);
  });

  test.each([
    ['', [0, 'mine\n']],
    ['File exists', [0, 'waits\n']],
    ['Operation not permitted', [1, 'REFUSED\n']],
  ])('a lock that vanished, and is refused for "%s"', async (why, expected) => {
    const stubs = `uptime() { uptime=1; }; make_lock() { lock_line=x; return 1; }; why_refused() { why='${why}'; }`;
    expect(await step(`${stubs}; if take_lock; then echo mine; else echo waits; fi`)).toEqual(expected);
  });
});
