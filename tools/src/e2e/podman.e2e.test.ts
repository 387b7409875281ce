import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readTable, restoreTable, type Table } from './binfmt-table.ts';
import { GUESTS, platformOf } from './debian-guests.ts';
import { NO_ENGINES, type Outcome, openEngine } from './engines.ts';
import { ENGINES_PAGE, openTable } from './engines-page.ts';
import { type Hub, IMAGE, openHub } from './hub.ts';
import { BINFMT, ENGINES } from './places.ts';
import { NO_PODMAN, openPodman, PODMAN_ROOTS, type Podman } from './podman.ts';
import { addUser } from './throwaway-user.ts';

// The seeds' lines for Podman, and what each engine takes from an index that has gzip and zstd.

const SEEDS = ['run', '--rm', '--privileged', IMAGE, '--reset', '-p', 'yes'];
const LEAST = ['run', '--rm', '-v', `${BINFMT}:/binfmt_misc`, IMAGE, '--reset', '-p', 'yes'];
const UNINSTALL = ['run', '--rm', '--privileged', IMAGE, '--uninstall', 'qemu-*'];
const EMULATORS = 31;

/** Those that a rootless container runs, once root has registered. */
const ROOTLESS_GUESTS = GUESTS.filter(({ name }) => ['arm64v8', 'ppc64le', 's390x'].includes(name));

const table = openTable('Podman');
let hub: Hub;
let before: Table;
let user: Awaited<ReturnType<typeof addUser>>;

const succeed = (outcome: Outcome) => {
  expect(outcome.code, outcome.stderr).toBe(0);
  return outcome.stdout.trim();
};
const typed = (words: readonly string[], sudo = '') => `${sudo}podman ${words.join(' ')}`;
const uname = (guest: string) => ['run', '--rm', `${guest}/busybox`, 'uname', '-m'];

describe.skipIf((NO_ENGINES ?? NO_PODMAN) !== undefined)('Podman (root, engine)', () => {
  beforeAll(async () => {
    before = await readTable(BINFMT);
    expect(Object.keys(before).filter((name) => name.startsWith('qemu-'))).toEqual([]);
    hub = await openHub();
    user = await addUser();
  }, 900_000);

  afterAll(async () => {
    await restoreTable(BINFMT, before);
    await hub?.close();
    await user?.remove();
  });

  describe.each(PODMAN_ROOTS)('of %s', (root) => {
    let engine: Podman;
    let podman: Podman['podman'];

    beforeAll(async () => {
      engine = await openPodman(root, hub.name);
      podman = engine.podman;
    });
    afterAll(async () => {
      await restoreTable(BINFMT, before);
      await engine?.close();
    });

    test('before, a program of another CPU does not start', async () => {
      const { code, stderr } = await podman(...uname('arm64v8'));
      expect(code).not.toBe(0);
      expect(stderr).toMatch(/exec format error/i);
      table.row(engine.name, 'linux/arm64', typed(uname('arm64v8')), 'exec format error');
    });

    test('the classic line pulls the image and registers every emulator', { timeout: 600_000 }, async () => {
      let outcome: Outcome | undefined;
      const taken = await hub.compressionTaken(async () => {
        outcome = await podman(...SEEDS);
      });
      expect(succeed(outcome as Outcome).split('\n')).toHaveLength(EMULATORS);
      expect(taken).toBe(/^Podman ([0-3]\.|4\.[0-6]$)/.test(engine.name) ? 'gzip' : 'zstd');
      const names = Object.keys(await readTable(BINFMT)).filter((name) => name.startsWith('qemu-'));
      expect(names).toHaveLength(EMULATORS);
      table.row(
        engine.name,
        'linux/amd64',
        typed(SEEDS, 'sudo '),
        `${EMULATORS} emulators registered; it took the ${taken} image`,
      );
    });

    test('after, they all run', { timeout: 600_000 }, async () => {
      for (const { name, platform, machine } of GUESTS) {
        expect(succeed(await podman(...uname(name)))).toBe(machine);
        table.row(engine.name, platformOf(platform), typed(uname(name)), `\`${machine}\``);
      }
    });

    test('--uninstall takes it all away', async () => {
      succeed(await podman(...UNINSTALL));
      expect(await readTable(BINFMT)).toEqual(before);
      table.row(engine.name, 'linux/amd64', typed(UNINSTALL, 'sudo '), 'the kernel is as before');
    });
  });

  describe('rootless', () => {
    let own: Podman;
    let rootless: Podman;

    beforeAll(async () => {
      own = await openPodman('/', hub.name);
      rootless = await openPodman('/', hub.name, user);
    });
    afterAll(async () => {
      await restoreTable(BINFMT, before);
      await own?.close();
      await rootless?.close();
    });

    test.each([
      [
        'with --privileged',
        SEEDS,
        'what this user namespace mounts on /proc/sys/fs/binfmt_misc ends with it',
      ],
      [
        'with the table as a volume',
        LEAST,
        "/binfmt_misc belongs to the host's root, and root here is not it",
      ],
    ])(
      '%s it says what would become of the entries, and changes nothing',
      { timeout: 600_000 },
      async (_, words, why) => {
        const { code, stdout, stderr } = await rootless.podman(...words);
        expect([code, stdout]).toEqual([1, '']);
        expect(stderr).toContain(
          `USER_NAMESPACE: ${why}; remedy: Run it once as root of the machine: sudo podman run ..., sudo docker run ...\n`,
        );
        expect(await readTable(BINFMT)).toEqual(before);
        table.row(rootless.name, 'linux/amd64', typed(words), `\`USER_NAMESPACE: ${why}\``);
      },
    );

    test('runs them when root has registered', { timeout: 600_000 }, async () => {
      succeed(await own.podman(...SEEDS));
      for (const { name, platform, machine } of ROOTLESS_GUESTS) {
        expect(succeed(await rootless.podman(...uname(name)))).toBe(machine);
        table.row(rootless.name, platformOf(platform), typed(uname(name)), `\`${machine}\``);
      }
      succeed(await own.podman(...UNINSTALL));
    });
  });

  test.each(Object.values(ENGINES))(
    '$name takes what it reads from the same index: zstd from Docker 23 on, gzip before',
    { timeout: 600_000 },
    async (place) => {
      const { name, docker } = openEngine(place);
      const reference = `${hub.name}/${IMAGE}`;
      const taken = await hub.compressionTaken(async () => succeed(await docker('pull', reference)));
      succeed(await docker('rmi', reference));
      expect(taken).toBe(place.name === ENGINES.own.name ? 'gzip' : 'zstd');
      table.row(name, 'linux/amd64', `docker pull ${IMAGE}`, `it took the ${taken} image`);
    },
  );

  test('docs/engines.md lists it', async () => {
    await expect(await table.page()).toMatchFileSnapshot(ENGINES_PAGE);
  });
});
