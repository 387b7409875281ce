import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  emulatorOf,
  GUEST_NAMES,
  type GuestName,
  host,
  PROBE_EXIT,
  probeProgram,
} from '@qemu-user-static/arch-table';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PROJECT } from '../project-names.ts';
import { readTable, restoreTable, type Table } from './binfmt-table.ts';
import { type Engine, NO_ENGINES, type Outcome, openEngine, removeImages } from './engines.ts';
import { ENGINES_PAGE, openTable } from './engines-page.ts';
import { BINFMT, ENGINES, LAYOUT } from './places.ts';

// The images of hosts that no runner of the release has: their emulators are run, each by a program of its guest. Where
// this machine’s CPU needs an emulator for the host, that one runs the host’s emulators.

const IMAGE = PROJECT.image;
const LEAST = ['--cap-drop', 'ALL', '-v', `${BINFMT}:/binfmt_misc`];
const SEEN = '/var/tmp/emulated-hosts-e2e';

/** Hosts whose programs this machine's CPU does not run. */
const EMULATED = ['linux/arm/v7', 'linux/loong64'] as const;
/** One whose programs it runs without an emulator. */
const NATIVE = 'linux/386';
const HOSTS = [...EMULATED, NATIVE] as const;

/** An entry for this machine’s own programs would have every program of the machine run by an emulator of an emulator. */
const NEVER: readonly GuestName[] = ['x86_64'];

/** Flags O and P of an entry reach the outer emulator, which would take them for its own. */
const PLAIN = ['-c', 'no', '-g', 'no'];

const table = openTable('Hosts without a machine of their own');
let before: Table;

describe.skipIf(NO_ENGINES !== undefined)('the emulators of hosts without a machine (root, engine)', () => {
  const place = ENGINES.newer;
  const folder = join(place.root, SEEN);
  let engine: Engine;
  const succeed = ({ code, stdout, stderr }: Outcome) => {
    expect([code, stdout, stderr]).toEqual([0, expect.any(String), expect.any(String)]);
    return stdout.trim();
  };
  const load = async (tag: string, platform: string, repository: string) => {
    const words = ['--image', tag, '--platform', platform, '--repository', repository];
    succeed(await engine.builder('load', '--layout', LAYOUT, ...words));
  };

  beforeAll(async () => {
    before = await readTable(BINFMT);
    expect(Object.keys(before).filter((name) => name.startsWith('qemu-'))).toEqual([]);
    engine = openEngine(place, 300_000);
    await load('latest', 'linux/amd64', IMAGE);
    mkdirSync(folder);
    // As long as a page of any guest, as the register script writes them, which says why.
    for (const name of GUEST_NAMES)
      writeFileSync(join(folder, name), Buffer.concat([probeProgram(name), Buffer.alloc(0x4000)]), {
        mode: 0o755,
      });
  }, 120_000);

  afterAll(async () => {
    await restoreTable(BINFMT, before);
    rmSync(folder, { recursive: true, force: true });
    await removeImages(engine);
  });

  const repositoryOf = (platform: string) => platform.replaceAll('/', '-');
  const run = (platform: string, ...words: string[]) =>
    engine.docker('run', '--rm', '--platform', platform, ...words);
  const row = (platform: string, words: string, result: string) =>
    table.row(engine.name, platform, `docker run --rm --platform ${platform} ${words}`, result);
  /** With the emulators of this machine's own image: that of the host is among them. */
  const registerOwn = async () => {
    succeed(await run('linux/amd64', ...LEAST, IMAGE, '-p', 'yes', '-g', 'yes'));
  };
  const forget = async () => {
    await restoreTable(BINFMT, before);
  };

  describe.each(HOSTS)('%s', (platform) => {
    const image = repositoryOf(platform);
    beforeAll(async () => {
      await load('latest', platform, image);
      if (platform === NATIVE) succeed(await run(platform, ...LEAST, image, '--reset', '-p', 'yes'));
      else await registerOwn();
    });
    afterAll(forget);

    test('--verify runs a program of every guest that is registered', async () => {
      const { stderr } = await run(platform, ...LEAST, image, '--verify');
      expect(stderr).toMatch(/^(\d+) of \1 guests verified\n$/);
      row(platform, `${IMAGE} --verify`, stderr.trim());
    });

    test('every emulator in the image runs a program of its guest', async () => {
      const guests = GUEST_NAMES.map((name) => `${name}:${emulatorOf(name)}`).join(' ');
      const loop = `for pair in ${guests}; do /usr/bin/qemu-\${pair#*:}-static /probes/\${pair%:*}; echo \${pair%:*} $?; done`;
      const outcome = await run(
        platform,
        '-v',
        `${SEEN}:/probes:ro`,
        '--entrypoint',
        'sh',
        image,
        '-c',
        loop,
      );
      expect(succeed(outcome).split('\n')).toEqual(GUEST_NAMES.map((name) => `${name} ${PROBE_EXIT}`));
      const all = `${GUEST_NAMES.length} of ${GUEST_NAMES.length}`;
      row(
        platform,
        `--entrypoint /usr/bin/qemu-GUEST-static ${IMAGE} PROGRAM`,
        `${all} guests’ programs run`,
      );
    });

    test('--status has the version of each', async () => {
      const outcome = await run(platform, ...LEAST, image, '--status', '--json');
      const { versions } = JSON.parse(succeed(outcome)) as { versions: Record<string, string> };
      expect(Object.keys(versions).sort()).toEqual([...GUEST_NAMES].sort());
      const counts = Map.groupBy(Object.entries(versions), ([, version]) => version);
      const said = Array.from(counts, ([version, guests]) => `${guests.length} guests of QEMU ${version}`);
      row(platform, `${IMAGE} --status --json`, said.join(', '));
    });
  });

  describe.each(EMULATED)('%s', (platform) => {
    afterAll(forget);

    test('its emulators register and run through the kernel, which finds an emulator for each', async () => {
      const { cpu, uname } = host(platform);
      const guests = GUEST_NAMES.filter((name) => name !== cpu && !NEVER.includes(name));
      await registerOwn();
      await restoreTable(BINFMT, { ...before, [`qemu-${cpu}`]: '' });
      const words = ['-e', `HOST_ARCH=${uname}`, repositoryOf(platform), '--install', guests.join(',')];
      const { code, stdout, stderr } = await run(platform, ...LEAST, ...words, ...PLAIN, '--verify');
      // With the host's own, whose emulator is this machine's.
      const count = guests.length + 1;
      const all = `${count} of ${count} guests verified`;
      const whole = [0, expect.not.stringContaining('FAILED'), expect.stringContaining(`${all}\n`)];
      expect([code, stdout, stderr]).toEqual(whole);
      const example = `-e HOST_ARCH=${uname} ${IMAGE} --install LIST ${PLAIN.join(' ')} --verify`;
      row(platform, example, `${all}: all but ${NEVER.join(', ')}`);
    });
  });

  test('docs/engines.md has these rows', async () => {
    await expect(await table.page()).toMatchFileSnapshot(ENGINES_PAGE);
  });
});
