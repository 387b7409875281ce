import { execFileSync } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createGunzip, gzipSync } from 'node:zlib';
import type { GuestName } from '@qemu-user-static/arch-table';
import { type Memo, remember } from '@qemu-user-static/files';
import { lockedChannelOf, readLock } from '@qemu-user-static/lock';
import { makeProgram } from '@qemu-user-static/lock/testing';
import {
  blobPath,
  createBlob,
  type Layer,
  type Layout,
  runningDigest,
  tarEntry,
} from '@qemu-user-static/oci-image';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EmulatorLayer } from '../build/emulator-layer.ts';
import { enginesAtHand, LAYOUT, NO_LAYOUT } from '../testing/engines.ts';
import { callMain } from '../testing/main.ts';

const engines = await enginesAtHand();
const problem = engines.length === 0 ? 'no engine answers' : NO_LAYOUT;
const reason = process.arch === 'x64' ? problem : 'not amd64';
/** The host's own, and one whose programs are run. */
const PLATFORMS = ['--platform', 'linux/amd64', '--platform', 'linux/arm64'];
const LOCK = resolve(import.meta.dirname, '../../../../sources.lock.json');
const NOWHERE = 'unix:///nonexistent/engine.sock';

describe.skipIf(reason !== undefined)(`release (root, engine)${reason ? `: ${reason}` : ''}`, () => {
  let layout: Layout;
  beforeAll(async () => {
    layout = { folder: join(await mkdtemp(join(tmpdir(), 'release-')), 'oci') };
    // Nothing is changed in place in a layout, so its files may be links.
    const copy = (how: string) => execFileSync('cp', [how, LAYOUT.folder, layout.folder], { stdio: 'pipe' });
    try {
      copy('-al');
    } catch {
      copy('-a');
    }
  });
  afterAll(() => rm(join(layout.folder, '..'), { recursive: true }));

  const release = (host: string, ...words: string[]) =>
    callMain(['release', ...words, ...PLATFORMS, '--output', layout.folder], { DOCKER_HOST: host });

  test('says so where no engine is', async () => {
    const { status, stdout, stderr } = await release(NOWHERE);
    expect(status, stderr).toBe(0);
    expect(stderr).toContain('smoke: not tried on a container engine: no container engine answers');
    expect(stdout).toContain('Not tried on a container engine: none answers.');
  }, 300_000);

  test('--require-smoke makes that a failure', async () => {
    const { status, stderr } = await release(NOWHERE, '--require-smoke');
    expect(status).toBe(1);
    expect(stderr).toContain('ENGINE_UNREACHABLE: no container engine answers: connect ENOENT');
    expect(stderr).toContain('remedy: Start Docker');
  }, 300_000);

  test.each(engines)(
    'tries the images on $engine.description',
    async ({ host, engine }) => {
      const { status, stdout, stderr } = await release(host, '--require-smoke');
      expect(status, stderr).toBe(0);
      expect(stdout).toContain(`smoke: latest on ${engine.description} with `);
      expect(stdout).toContain('ran linux/arm64 (aarch64); 31 guests verified');
    },
    300_000,
  );

  test('stops at a broken emulator, and names it and its package', async () => {
    await breakEmulator(layout, 'riscv64');
    const { status, stdout, stderr } = await release(engines.at(-1)?.host ?? '');
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(
      /^CHECK_FAILED: .*:\n {2}- image .*: usr\/bin\/qemu-riscv64-static is not that of qemu-user /m,
    );
    expect(stderr).toContain('remedy: Do not publish the layout.');

    // An engine finds it too, whatever the lock says.
    const tried = await callMain(['smoke', '--layout', layout.folder], {
      DOCKER_HOST: engines.at(-1)?.host ?? '',
    });
    expect(tried.status).toBe(1);
    expect(tried.stderr).toMatch(/^SMOKE_FAILED: latest on Docker Engine .*:\n {2}- --verify: riscv64 /m);
    expect(tried.stderr.match(/^ {2}- /gm)).toHaveLength(1);
  }, 300_000);
});

/**
 * Puts a program in an emulator's place that says the right version and runs nothing. It is in the layer over all
 * emulators, and the memo names that layer: so `build` takes it for what an earlier run made.
 */
async function breakEmulator(layout: Layout, guest: GuestName): Promise<void> {
  const locked = lockedChannelOf(await readLock(LOCK), 'latest').platforms['linux/amd64'];
  if (locked === undefined) throw new Error('the lock has no linux/amd64');
  const { version, emulators } = locked;
  const readMemo = async <T>(kind: string) => {
    const path = join(layout.folder, '.memo', `${kind}-linux-amd64-${version}.json`);
    return JSON.parse(await readFile(path, 'utf8')) as Memo<T>;
  };
  const alone = await readMemo<{ emulators: EmulatorLayer[] }>('emulators');
  const { key, value } = await readMemo<{ joined: Layer[] }>('own');
  const emulator = alone.value.emulators.find((one) => one.guest === guest);
  const whole = value.joined.find(({ compression }) => compression === 'gzip');
  if (emulator === undefined || whole === undefined) throw new Error(`the memo has no ${guest}`);
  const says = `qemu-${guest} version ${version} (Debian ${emulators.source.version})\n`;
  const program = makeProgram('linux/amd64', says);
  const file = {
    path: `usr/bin/qemu-${guest}-static`,
    type: 'file',
    mode: 0o755,
    size: program.length,
  } as const;
  const member = gzipSync(Buffer.concat([...tarEntry(file, program, 0)]));

  const bytes = await readFile(blobPath(layout, whole.digest));
  const single = await readFile(blobPath(layout, emulator.layer.digest));
  const { offset, length } = emulator.member;
  const before = bytes.indexOf(single.subarray(offset, offset + length));
  const blob = await createBlob(layout);
  await blob.write(bytes.subarray(0, before));
  await blob.write(member);
  await blob.write(bytes.subarray(before + length));
  const written = await blob.commit();
  const diff = runningDigest();
  for await (const chunk of createReadStream(blobPath(layout, written.digest)).pipe(createGunzip()))
    diff.update(chunk);
  const broken = { ...whole, ...written, diffId: diff.end() };
  const joined = value.joined.map((layer) => (layer === whole ? broken : layer));
  await remember(layout, `own-linux-amd64-${version}`, key, { ...value, joined });
}
