import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { describe, expect, test, vi } from 'vitest';
import { type DebEntry, readDeb } from './index.ts';
import { temporaryFolder } from './testing/folder.ts';
import { compress, makeAr, makePackage, makeTar, sha256, type TestFile } from './testing/packages.ts';

const hasDpkg = spawnSync('dpkg-deb', ['--version']).status === 0;

const PROGRAM = randomBytes(200_000);
const FILES: TestFile[] = [
  { path: './' },
  { path: './usr/' },
  { path: './usr/bin/' },
  { path: './usr/bin/qemu-arm', body: PROGRAM, header: { mode: 0o100755 } },
  { path: './usr/bin/qemu-arm-static', header: { type: 'symlink', linkname: 'qemu-arm' } },
  { path: './usr/bin/again', header: { type: 'link', linkname: './usr/bin/qemu-arm' } },
  { path: './usr/empty' },
  { path: `./usr/${'long/'.repeat(60)}`, header: { type: 'directory' } },
  { path: './usr/ümlaut', body: 'text' },
];

/** The bytes in pieces that fit nothing. */
async function* inPieces(bytes: Uint8Array, size = 997) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const expected = (deb: Uint8Array) => ({ path: 'pool/x.deb', size: deb.length, sha256: sha256(deb) });
const read = (deb: Uint8Array) => readDeb(inPieces(deb), expected(deb));
const withData = (data: Uint8Array, name = 'data.tar') =>
  makeAr([
    ['debian-binary', '2.0\n'],
    ['control.tar', ''],
    [name, data],
  ]);

async function entriesOf(entries: AsyncIterable<DebEntry>) {
  const list = [];
  for await (const { read, mtime, ...entry } of entries) {
    list.push({ ...entry, bytes: Buffer.from(await read()).toString('latin1') });
  }
  return list;
}
const refusal = (entries: AsyncIterable<DebEntry>) =>
  entriesOf(entries).then(
    () => 'read',
    (error) => error.code ?? error,
  );

describe('a package', () => {
  test.each(['xz', 'gz', 'zst', 'none'] as const)(
    'compressed with %s is read entry by entry',
    async (compression) => {
      const { deb } = await makePackage({}, FILES, compression);
      const rest = { mode: 0o644, size: 0, linkname: '', bytes: '' };
      const directory = { type: 'directory', ...rest, mode: 0o755 };
      expect((await entriesOf(read(deb))).filter(({ path }) => !path.includes('long'))).toEqual([
        { path: 'usr', ...directory },
        { path: 'usr/bin', ...directory },
        {
          path: 'usr/bin/qemu-arm',
          type: 'file',
          mode: 0o755,
          size: PROGRAM.length,
          linkname: '',
          bytes: PROGRAM.toString('latin1'),
        },
        { path: 'usr/bin/qemu-arm-static', type: 'symlink', ...rest, linkname: 'qemu-arm' },
        { path: 'usr/bin/again', type: 'hardlink', ...rest, linkname: 'usr/bin/qemu-arm' },
        { path: 'usr/empty', type: 'file', ...rest },
        { path: 'usr/ümlaut', type: 'file', ...rest, size: 4, bytes: 'text' },
      ]);
    },
  );

  test('has long paths whole, and times', async () => {
    const { deb } = await makePackage({}, FILES);
    const entries = await Array.fromAsync(read(deb));
    expect(entries.find(({ path }) => path.includes('long'))?.path).toBe(`usr${'/long'.repeat(60)}`);
    expect(entries[2]?.mtime).toEqual(new Date('2026-10-29T06:59:36Z'));
  });

  test('is read into memory that the reader gives', async () => {
    const { deb, described } = await makePackage({}, FILES);
    const memory = new Uint8Array(new SharedArrayBuffer(1 << 20));
    const asked: number[] = [];
    for await (const entry of readDeb(inPieces(deb), described)) {
      if (entry.type !== 'file') continue;
      const content = await entry.read((size) => {
        asked.push(size);
        return memory.subarray(0, size);
      });
      expect([content.buffer, content.length]).toEqual([memory.buffer, entry.size]);
    }
    expect(asked.length).toBeGreaterThan(0);
  });

  test('has entries that need not be read', async () => {
    const { deb } = await makePackage({}, FILES);
    const paths = [];
    for await (const { path } of read(deb)) paths.push(path);
    expect(paths).toHaveLength(8);
  });

  test('may be read slowly, and in parts: what is skipped takes nothing of the next', async () => {
    const large = randomBytes(300_000);
    const files = ['a', 'b', 'c', 'd'].flatMap((name) => [
      { path: `./${name}/skipped`, body: 'a few bytes' },
      { path: `./${name}/wanted`, body: large },
    ]);
    const wanted = [];
    for await (const entry of read(withData(await makeTar(files)))) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      if (entry.path.endsWith('wanted')) wanted.push(sha256(await entry.read()));
    }
    expect(wanted).toEqual(Array(4).fill(sha256(large)));
  });

  test('may be left early: the source and xz are stopped', async () => {
    const { deb } = await makePackage({}, [{ path: 'a', body: randomBytes(3 << 20) }]);
    const closed = vi.fn();
    async function* source() {
      try {
        yield* inPieces(deb);
      } finally {
        closed();
      }
    }
    for await (const entry of readDeb(source(), expected(deb))) {
      expect(entry.path).toBe('a');
      break;
    }
    expect(closed).toHaveBeenCalledOnce();
    const programs = () => process.getActiveResourcesInfo().filter((name) => name === 'ProcessWrap');
    await expect.poll(programs).toEqual([]);
  });

  test('may have members that begin with an underscore, and more after data.tar', async () => {
    const deb = makeAr([
      ['debian-binary', '2.0\n'],
      ['_odd', 'odd'],
      ['control.tar.xz/', ''],
      ['_gpgorigin', 'x'],
      ['data.tar', await makeTar([{ path: 'a', body: '1' }])],
      ['later', 'more'],
    ]);
    expect((await entriesOf(read(deb))).map(({ path }) => path)).toEqual(['a']);
  });

  test.skipIf(!hasDpkg)('made by dpkg-deb is read (dpkg)', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'root/DEBIAN'), { recursive: true });
    await writeFile(
      join(folder, 'root/DEBIAN/control'),
      'Package: a\nVersion: 1\nArchitecture: all\nMaintainer: x <x@x>\nDescription: x\n',
    );
    await mkdir(join(folder, 'root/usr/bin'), { recursive: true, mode: 0o755 });
    await writeFile(join(folder, 'root/usr/bin/tool'), PROGRAM);
    await chmod(join(folder, 'root/usr/bin/tool'), 0o4755);
    await symlink('tool', join(folder, 'root/usr/bin/link'));
    const path = join(folder, 'a.deb');
    expect(spawnSync('dpkg-deb', ['--root-owner-group', '-b', join(folder, 'root'), path]).status).toBe(0);

    const deb = await buffer(createReadStream(path));
    const entries = await entriesOf(readDeb(createReadStream(path), expected(deb)));
    const seen = entries.map(({ path, type, mode, linkname }) => [path, type, mode, linkname]);
    expect(seen.sort()).toEqual([
      ['usr', 'directory', 0o755, ''],
      ['usr/bin', 'directory', 0o755, ''],
      ['usr/bin/link', 'symlink', 0o777, 'tool'],
      ['usr/bin/tool', 'file', 0o4755, ''],
    ]);
  });
});

describe('memory', () => {
  test('is bounded while 320 MB are read, entry by entry', { timeout: 20_000 }, async () => {
    const deb = join(await temporaryFolder(), 'large.deb');
    const bytes = withData(await compressedTarOf(20, 16 << 20), 'data.tar.xz');
    await writeFile(deb, bytes);
    const script = `
      import { createReadStream } from 'node:fs';
      import { readDeb } from ${JSON.stringify(join(import.meta.dirname, 'index.ts'))};
      const before = process.memoryUsage().rss;
      let read = 0;
      let most = 0;
      for await (const entry of readDeb(createReadStream('${deb}'), ${JSON.stringify(expected(bytes))})) {
        read += (await entry.read()).length;
        most = Math.max(most, process.memoryUsage().rss);
      }
      console.log(JSON.stringify([read, most - before]));`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
    });
    const [total, growth] = JSON.parse(stdout);
    expect(total).toBe(20 * (16 << 20));
    expect(growth).toBeLessThan(150e6);
  });
});

/** A tar archive of so many files of so many bytes, compressed as it is made. */
async function compressedTarOf(count: number, size: number): Promise<Buffer> {
  const xz = spawn('xz', ['-0', '-T0', '-c'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const tar = async function* () {
    for (let i = 0; i < count; i++) {
      yield (await makeTar([{ path: `file${i}`, body: Buffer.alloc(size, `file ${i}`) }])).subarray(0, -1024);
    }
    yield Buffer.alloc(1024);
  };
  const [compressed] = await Promise.all([buffer(xz.stdout), pipeline(tar, xz.stdin)]);
  return compressed;
}

describe('a package that is not the one expected is refused at its end', () => {
  test('by its size', async () => {
    const { deb, described } = await makePackage({}, FILES);
    const longer = Buffer.concat([deb, makeAr([['_more', 'x']]).subarray(8)]);
    expect(await refusal(readDeb(inPieces(longer), described))).toBe('SIZE_DIFFERS');
  });

  test('by its hash, naming it', async () => {
    const { deb, described } = await makePackage({}, FILES);
    const other = await makePackage({}, FILES, 'gz');
    expect(await refusal(readDeb(inPieces(deb), { ...described, sha256: other.described.sha256 }))).toBe(
      'HASH_DIFFERS',
    );
    const entries = readDeb(inPieces(deb), { ...described, sha256: 'ab'.repeat(32) });
    await expect(entriesOf(entries)).rejects.toThrow(
      `${described.path}: it has SHA-256 ${described.sha256}, not abab`,
    );
  });
});

test.each(['xz', 'gz', 'zst', 'none'] as const)(
  'a package compressed with %s that cannot be read to its end does not hang',
  async (compression) => {
    const { deb, described } = await makePackage({}, FILES, compression);
    for (const end of [100, 300, deb.length - 100_000, deb.length - 1]) {
      async function* source() {
        yield* inPieces(deb.subarray(0, end));
        throw Object.assign(new Error('the disk is gone'), { code: 'EIO' });
      }
      await expect(entriesOf(readDeb(source(), described)), `after ${end} bytes`).rejects.toMatchObject({
        code: 'PACKAGE_UNREADABLE',
        message: `${described.path}: the disk is gone`,
      });
    }
  },
);

test('a package that cannot be read has an error of its own', async () => {
  const nowhere = createReadStream('/nonexistent/a.deb');
  const entries = readDeb(nowhere, expected(Buffer.alloc(0)));
  await expect(entriesOf(entries)).rejects.toMatchObject({ code: 'PACKAGE_UNREADABLE' });
});

describe('a malformed package is refused', () => {
  const head: [string, string][] = [['debian-binary', '2.0\n']];

  test.each<[string, Uint8Array]>([
    ['that is empty', Buffer.alloc(0)],
    ['that is a web page', Buffer.from('<html>Log in</html>')],
    ['that ends after its magic', Buffer.from('!<arch>\n')],
    ['whose header is broken', Buffer.concat([makeAr([]), Buffer.alloc(60, 'x')])],
    ['whose member has no size', Buffer.from(makeAr(head).toString().replace('4         `', 'four      `'))],
    [
      'of another format',
      makeAr([
        ['debian-binary', '3.0\n'],
        ['control.tar', ''],
        ['data.tar', Buffer.alloc(1024)],
      ]),
    ],
    ['whose first member is another', makeAr([['control.tar', ''], ...head])],
    [
      'whose first member has another name',
      makeAr([
        ['debian', '2.0\n'],
        ['control.tar', ''],
        ['data.tar', Buffer.alloc(1024)],
      ]),
    ],
    ['without control.tar', makeAr([...head, ['data.tar', '']])],
    ['without data.tar', makeAr([...head, ['control.tar', '']])],
    ['with a compression that is not known', withData(Buffer.alloc(0), 'data.tar.bz2')],
    ['with members in another order', makeAr([...head, ['data.tar', ''], ['control.tar', '']])],
  ])('%s', async (_, deb) => {
    expect(await refusal(read(deb))).toBe('DEB_MALFORMED');
  });

  test('by the member that is in the place of another', async () => {
    const deb = makeAr([...head, ['other\u001b', ''], ['control.tar', ''], ['data.tar', '']]);
    await expect(entriesOf(read(deb))).rejects.toThrow(
      'it has the member "other\\u001b" where control.tar should be',
    );
  });

  test('that is cut short anywhere', async () => {
    const { deb } = await makePackage({}, [{ path: 'a', body: randomBytes(3000) }]);
    for (let length = 0; length < deb.length; length += 151) {
      const cut = deb.subarray(0, length);
      const code = await refusal(readDeb(inPieces(cut), expected(deb)));
      // Which one it is depends on what notices first.
      expect(['DEB_MALFORMED', 'SIZE_DIFFERS'], `cut to ${length}`).toContain(code);
    }
  });
});

test.each([
  ['xz', 'XZ_FAILED'],
  ['gz', 'TAR_MALFORMED'],
  ['zst', 'TAR_MALFORMED'],
] as const)('data in %s that is not a tar archive is refused with %s', async (compression, code) => {
  const data = compress(Buffer.alloc(1024, 'x'), compression);
  expect(await refusal(read(withData(data, `data.tar.${compression}`)))).toBe(code);
});

describe('malformed compressed data is refused', () => {
  test.each(['xz', 'gz', 'zst'] as const)(
    'in %s: damaged, cut short, or something else',
    async (compression) => {
      const whole = compress(await makeTar([{ path: 'a', body: randomBytes(50_000) }]), compression);
      const damaged = Buffer.from(whole);
      damaged.writeUInt8(damaged.readUInt8(30_000) ^ 0xff, 30_000);
      const cut = [whole.subarray(0, -1), whole.subarray(0, 20_000), Buffer.alloc(0)];
      for (const data of [damaged, ...cut, Buffer.from('hello world'.repeat(9))]) {
        const code = await refusal(read(withData(data, `data.tar.${compression}`)));
        expect(code, `${data.length} bytes`).toBe('COMPRESSION_MALFORMED');
      }
    },
  );

  test('with garbage after it', async () => {
    const data = Buffer.concat([compress(await makeTar([]), 'xz'), Buffer.from('garbage!')]);
    expect(await refusal(read(withData(data, 'data.tar.xz')))).toBe('COMPRESSION_MALFORMED');
  });

  test('and it is said if xz is not there', async () => {
    const { deb } = await makePackage({}, FILES);
    vi.stubEnv('PATH', await temporaryFolder());
    const entries = read(deb);
    await expect(entriesOf(entries)).rejects.toMatchObject({
      code: 'XZ_MISSING',
      remedy: expect.stringContaining('apt-get install xz-utils'),
    });
    vi.unstubAllEnvs();
  });
});
