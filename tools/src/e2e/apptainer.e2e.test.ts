import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCertificates } from '@qemu-user-static/oci-registry/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Apptainer, DOCKER_HUB, NO_APPTAINER, openApptainer } from './apptainer.ts';
import { readTable, restoreTable, type Table } from './binfmt-table.ts';
import { GUESTS, platformOf } from './debian-guests.ts';
import { NO_ENGINES, type Outcome } from './engines.ts';
import { ENGINES_PAGE, openTable } from './engines-page.ts';
import { type Hub, IMAGE, openHub } from './hub.ts';
import { BINFMT } from './places.ts';

// The seeds' lines for Singularity, as they stand there.

const SEEDS = ['run', `docker://${IMAGE}`, '--reset', '-p', 'yes'];
const UNINSTALL = ['run', `docker://${IMAGE}`, '--uninstall', 'qemu-*'];
const EMULATORS = 31;
/** One image is a minute of compression. */
const LONG = { timeout: 600_000 };

const table = openTable('Apptainer');
const uname = (guest: string) => ['run', '--cleanenv', `docker://${guest}/busybox`, 'uname', '-m'];
const typed = (words: readonly string[], sudo = '') => `${sudo}singularity ${words.join(' ')}`;
const succeed = ({ code, stdout, stderr }: Outcome) => {
  expect(code, stderr).toBe(0);
  return stdout.trim();
};

describe.skipIf((NO_ENGINES ?? NO_APPTAINER) !== undefined)('Apptainer (root, engine)', () => {
  let folder: string;
  let hub: Hub;
  let apptainer: Apptainer;
  let before: Table;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'certificates-'));
    before = await readTable(BINFMT);
    expect(Object.keys(before).filter((name) => name.startsWith('qemu-'))).toEqual([]);
    const { ca, server: tls } = makeCertificates(folder, DOCKER_HUB);
    // The port that an https:// address means.
    hub = await openHub({ address: '127.0.0.1:443', tls }, ca);
    apptainer = await openApptainer(ca);
  }, 900_000);

  afterAll(async () => {
    await restoreTable(BINFMT, before);
    await apptainer?.close();
    await hub?.close();
    rmSync(folder, { recursive: true });
  });

  test('before, a program of another CPU does not start', LONG, async () => {
    const { code, stderr } = await apptainer.singularity(...uname('arm64v8'));
    expect(code).not.toBe(0);
    // It looks for the kernel's entry before it starts anything.
    const refusal = "the image's architecture (arm64) could not run on the host's (amd64)";
    expect(stderr).toContain(refusal);
    table.row(apptainer.name, 'linux/arm64', typed(uname('arm64v8')), refusal);
  });

  test('the classic line pulls the image and registers every emulator', LONG, async () => {
    let outcome: Outcome | undefined;
    const taken = await hub.compressionTaken(async () => {
      outcome = await apptainer.singularity(...SEEDS);
    });
    expect(succeed(outcome as Outcome).split('\n')).toHaveLength(EMULATORS);
    const names = Object.keys(await readTable(BINFMT)).filter((name) => name.startsWith('qemu-'));
    expect(names).toHaveLength(EMULATORS);
    const result = `${EMULATORS} emulators registered; it took the ${taken} image`;
    table.row(apptainer.name, 'linux/amd64', typed(SEEDS, 'sudo '), result);
  });

  test('after, they all run', LONG, async () => {
    for (const { name, platform, machine } of GUESTS) {
      expect(succeed(await apptainer.singularity(...uname(name)))).toBe(machine);
      table.row(apptainer.name, platformOf(platform), typed(uname(name)), `\`${machine}\``);
    }
  });

  test('--uninstall takes it all away', LONG, async () => {
    succeed(await apptainer.singularity(...UNINSTALL));
    expect(await readTable(BINFMT)).toEqual(before);
    table.row(apptainer.name, 'linux/amd64', typed(UNINSTALL, 'sudo '), 'the kernel is as before');
  });

  test('docs/engines.md lists it', async () => {
    await expect(await table.page()).toMatchFileSnapshot(ENGINES_PAGE);
  });
});
