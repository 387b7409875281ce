import { linkSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readTable, restoreTable, type Table } from './binfmt-table.ts';
import { GUESTS, type Guest, platformOf } from './debian-guests.ts';
import { type Engine, NO_ENGINES, type Outcome, openEngine } from './engines.ts';
import { ENGINES_PAGE, openTable } from './engines-page.ts';
import { IMAGE } from './hub.ts';
import { BINFMT, ENGINES, LAYOUT } from './places.ts';
import { GUEST_USER, makeSmallDebian } from './small-debian.ts';

// Common tasks in a Debian of another CPU: packages, sudo, programs that look at their own name.

const DEBIANS = GUESTS.filter(({ name }) => ['arm64v8', 'ppc64le', 's390x'].includes(name));
/** Everything in it is emulated. */
const PATIENCE = 600_000;
const LONG = { timeout: PATIENCE };

/** A package with libraries of its own, so that ldconfig has something to find; the lists come from the mirror again. */
const INSTALL = 'apt-get -qq update && apt-get -qq install --yes jq >&2';
const USE = `echo '{"a": 1}' | jq .a`;
const LOOK = 'ldconfig && ldconfig -p | grep -o libjq.so.1 | head -n 1';
const SUDO = ['sudo', 'id', '-u'];
/** The shell prints its errors under the name that it was called by; the client's own messages stay apart. */
const NAMED = 'exec -a greeting sh -c no-such-program 2>&1';

const table = openTable('A Debian of another CPU');
const imageOf = ({ name }: Guest) => `${name}/debian`;

describe.skipIf(NO_ENGINES !== undefined)('a Debian of another CPU (root, engine, network)', () => {
  let engine: Engine;
  let folder: string;
  let before: Table;

  const succeed = (outcome: Outcome) => {
    expect(outcome.code, outcome.stderr).toBe(0);
    return outcome.stdout.trim();
  };
  const register = async (...words: string[]) =>
    succeed(await engine.docker('run', '--rm', '--privileged', IMAGE, '--reset', '-p', 'yes', ...words));
  const inEach = (work: (guest: Guest) => Promise<void>) => Promise.all(DEBIANS.map(work));
  const row = (guest: Guest, options: string, words: readonly string[], result: string) => {
    const typed = `docker run --rm ${options}${imageOf(guest)} ${words.join(' ')}`;
    table.row(engine.name, platformOf(guest.platform), typed, result);
  };
  const sudo = (guest: Guest) => engine.docker('run', '--rm', '--user', GUEST_USER, imageOf(guest), ...SUDO);
  const named = async (guest: Guest) =>
    (await engine.docker('run', '--rm', imageOf(guest), 'bash', '-c', NAMED)).stdout.trim();

  beforeAll(async () => {
    before = await readTable(BINFMT);
    expect(Object.keys(before).filter((name) => name.startsWith('qemu-'))).toEqual([]);
    engine = openEngine(ENGINES.newer, PATIENCE);
    folder = mkdtempSync(join(tmpdir(), 'debians-'));
    succeed(await engine.builder('load', '--layout', LAYOUT, '--image', 'latest'));
    await register();
    await inEach(async (guest) => {
      const file = join(folder, `${guest.name}.tar`);
      linkSync(await makeSmallDebian(guest.debian), file);
      const platform = platformOf(guest.platform);
      succeed(await engine.docker('import', '--platform', platform, file, imageOf(guest)));
    });
  }, 1_800_000);

  afterAll(async () => {
    await restoreTable(BINFMT, before);
    await engine.docker('rmi', '--force', IMAGE, ...DEBIANS.map(imageOf));
    rmSync(folder, { recursive: true });
  });

  test('installs a package, whose library ldconfig finds, and which runs', LONG, async () => {
    await inEach(async (guest) => {
      const words = ['run', '--rm', '--network', 'host', imageOf(guest), 'sh', '-c'];
      const outcome = await engine.docker(...words, `${INSTALL} && ${USE} && ${LOOK}`);
      expect(succeed(outcome).split('\n')).toEqual(['1', 'libjq.so.1']);
    });
    for (const guest of DEBIANS) {
      row(guest, '', ['apt-get install --yes jq'], `installed, and runs`);
      row(guest, '', ['ldconfig'], 'finds the library that was installed');
    }
  });

  test('lets no one become root by sudo, unless -c yes', LONG, async () => {
    await inEach(async (guest) => {
      const { code, stderr } = await sudo(guest);
      expect(code).toBe(1);
      expect(stderr).toContain('sudo: effective uid is not 0');
    });
    await register('-c', 'yes');
    await inEach(async (guest) => {
      expect(succeed(await sudo(guest))).toBe('0');
    });
    for (const guest of DEBIANS) {
      const user = `--user ${GUEST_USER} `;
      row(guest, user, SUDO, 'sudo: effective uid is not 0');
      row(guest, user, SUDO, '`0`, when registered with `-c yes`');
    }
  });

  test('gives a program the name it was called by, if -g yes', LONG, async () => {
    await register();
    await inEach(async (guest) => {
      expect(await named(guest)).toBe('/usr/bin/sh: 1: no-such-program: not found');
    });
    await register('-g', 'yes');
    await inEach(async (guest) => {
      expect(await named(guest)).toBe('greeting: 1: no-such-program: not found');
    });
    for (const guest of DEBIANS) {
      const words = ['bash', '-c', `"${NAMED}"`];
      row(guest, '', words, '`/usr/bin/sh: 1: no-such-program: not found`');
      row(guest, '', words, '`greeting: 1: no-such-program: not found`, when registered with `-g yes`');
    }
  });

  test('docs/engines.md lists it', async () => {
    await expect(await table.page()).toMatchFileSnapshot(ENGINES_PAGE);
  });
});
