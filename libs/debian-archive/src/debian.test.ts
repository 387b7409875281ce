import { createReadStream } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  chooseMirror,
  fetchFile,
  fetchPackageIndex,
  loadArchiveKeys,
  openHttp,
  openSuite,
  readAptSources,
  readDeb,
  SNAPSHOT_SERVICE,
} from './index.ts';
import { temporaryFolder } from './testing/folder.ts';

const { url: mirror } = chooseMirror({
  option: undefined,
  environment: process.env,
  sources: undefined,
  aptConfiguration: await readAptSources(),
});

async function whyNot(): Promise<string | undefined> {
  if (process.env.OFFLINE) return 'OFFLINE is set';
  const http = openHttp(process.env, { connect: 3000, headers: 5000, body: 5000 });
  try {
    (await http.get(new URL(`${mirror.href.replace(/\/$/, '')}/dists/sid/InRelease`))).discard();
    return undefined;
  } catch (error) {
    return `the mirror cannot be reached: ${(error as { code?: string }).code}`;
  } finally {
    await http.close();
  }
}
const reason = await whyNot();

describe.skipIf(reason !== undefined)(`Debian's archive (network)${reason ? `: ${reason}` : ''}`, () => {
  async function context() {
    const http = openHttp(process.env);
    onTestFinished(() => http.close());
    const keys = await loadArchiveKeys();
    return { keys, now: new Date(), acceptExpired: true, cache: await temporaryFolder(), http };
  }

  // A mirror may lag behind: sid is valid for a week only.
  test.each([
    ['oldstable', 'bookworm'],
    ['stable', 'trixie'],
    ['unstable', 'sid'],
  ])('%s is %s, signed by a key we have', async (suite, codename) => {
    const opened = await openSuite(mirror, { origin: 'Debian', suite, codename }, await context());
    const keys = await loadArchiveKeys();
    expect(keys.map(({ fingerprint }) => fingerprint)).toContain(opened.release.signedBy);
    expect(opened.release.architectures).toEqual(
      expect.arrayContaining(['amd64', 'arm64', 'armhf', 'ppc64el', 's390x']),
    );
    expect(opened.release.files.get('main/binary-amd64/Packages.xz')?.size).toBeGreaterThan(1_000_000);
  });

  test('gives the shell of sid, byte for byte as signed', { timeout: 60_000 }, async () => {
    const archive = await context();
    const sid = await openSuite(mirror, { origin: 'Debian', suite: 'unstable', codename: 'sid' }, archive);
    const shell = (await fetchPackageIndex(sid, 'amd64', ['busybox-static'])).get('busybox-static');
    expect(shell.source.name).toBe('busybox');
    expect(shell.builtUsing.map(({ name }) => name)).toContain('glibc');

    const path = await fetchFile(shell, { ...archive, mirror, snapshot: SNAPSHOT_SERVICE });
    let program: Uint8Array = new Uint8Array();
    for await (const entry of readDeb(createReadStream(path), shell)) {
      if (entry.path === 'usr/bin/busybox') program = await entry.read();
    }
    expect(Buffer.from(program.subarray(0, 4)).toString('latin1')).toBe('\x7fELF');
  });
});
