import { parseAptSources } from '../apt-sources.ts';
import { readAr } from '../ar.ts';
import { declaredLicenses } from '../copyright.ts';
import { parseStanza } from '../deb822.ts';
import { compareVersions, parseVersion, readArchiveKey, readDeb, verifyRelease } from '../index.ts';
import { readPackages } from '../packages.ts';
import { findSources } from '../source-packages.ts';
import { readTar, type TarEntry } from '../tar.ts';
import { paragraph } from './archive.ts';
import { makeAr, makePackage, makeTar, sha256, type TestFile } from './packages.ts';
import { SIGNED_RELEASE } from './signed-release.ts';
import { clearSign, makeKey } from './signing.ts';

const NOW = new Date('2026-11-23T12:00:00Z');
const SUITE = { origin: 'Debian', suite: 'unstable', codename: 'sid' } as const;
const FILES: readonly TestFile[] = [
  { path: './' },
  { path: './usr/bin/qemu-arm', body: 'emulator', header: { mode: 0o755 } },
  { path: './usr/bin/qemu-armeb', header: { type: 'symlink', linkname: 'qemu-arm' } },
  { path: `./usr/share/${'long/'.repeat(40)}copyright`, body: 'licence' },
];

/** Every reader of an archive's data, with documents that it takes. Its result must be right, or it throws. */
export async function readers() {
  const packages = await Promise.all(
    (['gz', 'zst', 'none', 'xz'] as const).map((compression) => makePackage({}, FILES, compression)),
  );
  const [first] = packages;
  if (first === undefined) throw new Error('no package was made');
  const own = await makeKey('Test');
  const signed = SIGNED_RELEASE.text;
  const release = signed.slice(signed.indexOf('\n\n') + 2, signed.indexOf('\n-----BEGIN PGP SIGNATURE'));
  const trusted = await readArchiveKey(SIGNED_RELEASE.key);
  const verify = async (text: string | Uint8Array, key = trusted) => {
    const verified = await verifyRelease(text, SUITE, [key], {
      now: NOW,
      acceptExpired: false,
    });
    for (const path of verified.files.keys()) assertInside(path);
    return verified;
  };
  const copyright = 'Format: https://www.debian.org/doc/x\n\nFiles: *\nLicense: GPL-2+ or MIT\n text\n';
  const source = `Package: hello\nVersion: 1:2.0-1\nDirectory: pool/main/h/hello\nChecksums-Sha256:\n ${'a'.repeat(64)} 3 hello.dsc\n`;

  return [
    {
      name: 'ar',
      samples: [
        makeAr([
          ['a', 'one'],
          ['b', 'other'],
        ]),
      ],
      read: async (bytes: Buffer) => {
        for await (const { body } of readAr(chunksOf(bytes))) for await (const _ of body) void _;
      },
    },
    {
      name: 'tar',
      samples: [await makeTar(FILES)],
      read: (bytes: Buffer) => readEntries(readTar(chunksOf(bytes))),
    },
    {
      name: 'package',
      samples: packages.map(({ deb }) => deb),
      read: (bytes: Buffer) =>
        readEntries(readDeb(chunksOf(bytes), { path: 'x.deb', size: bytes.length, sha256: sha256(bytes) })),
    },
    {
      name: 'packages-index',
      samples: [
        Buffer.from(
          `Package: other\nVersion: 1\n\n${paragraph(first)}Source: hi (1:2)\nBuilt-Using: gcc (= 12)\n`,
        ),
      ],
      read: async (bytes: Buffer) => {
        const index = await readPackages(chunksOf(bytes), 'amd64', ['hello']);
        if (index.has('hello')) assertInside(index.get('hello').path);
      },
    },
    {
      name: 'sources-index',
      samples: [Buffer.from(source)],
      read: async (bytes: Buffer) => {
        const found = await findSources(chunksOf(bytes), [{ name: 'hello', version: '1:2.0-1' }]);
        for (const { path } of found.flatMap(({ files }) => files)) assertInside(path);
      },
    },
    {
      name: 'inrelease',
      samples: [Buffer.from(signed)],
      read: async (bytes: Buffer) => {
        const { files } = await verify(bytes);
        // A changed text is not signed; only parts that the form of a message leaves open may differ.
        const { files: right } = await verify(signed);
        if (JSON.stringify([...files]) !== JSON.stringify([...right]))
          throw new Error('unsigned text is taken');
      },
    },
    {
      name: 'release',
      samples: [Buffer.from(release)],
      read: async (bytes: Buffer) => {
        // OpenPGP's library signs no empty text.
        await verify(
          await clearSign(bytes.toString() || '\n', [own], new Date('2026-11-21T09:15:44Z')),
          own.trusted,
        );
      },
    },
    {
      name: 'key',
      samples: [Buffer.from(trusted.armored)],
      read: (bytes: Buffer) => readArchiveKey(bytes.toString()),
    },
    {
      name: 'stanza',
      samples: [Buffer.from(paragraph(first)), Buffer.from(source)],
      read: (bytes: Buffer) => parseStanza(bytes.toString()),
    },
    {
      name: 'copyright',
      samples: [Buffer.from(copyright)],
      read: (bytes: Buffer) => declaredLicenses(bytes.toString()),
    },
    {
      name: 'version',
      samples: [Buffer.from('1:11.1.3+ds-1~deb13u1'), Buffer.from('2.0')],
      read: (bytes: Buffer) => {
        const text = bytes.toString();
        parseVersion(text);
        if (compareVersions(text, text) !== 0) throw new Error('a version is not itself');
        if (compareVersions(text, '1:2') !== -compareVersions('1:2', text))
          throw new Error('the order is not transitive');
      },
    },
    {
      name: 'apt-sources',
      samples: [
        Buffer.from('deb [arch=amd64 signed-by=/x] http://mirror.example/debian sid main # note\n'),
        Buffer.from('Types: deb\nURIs: http://mirror.example/debian\nSuites: sid\nComponents: main\n'),
      ],
      read: (bytes: Buffer) => {
        for (const name of ['a.list', 'a.sources']) parseAptSources({ name, text: bytes.toString() });
      },
    },
  ];
}

async function readEntries(entries: AsyncIterable<TarEntry>): Promise<void> {
  for await (const entry of entries) {
    assertInside(entry.path);
    const bytes = entry.type === 'file' ? await entry.read() : new Uint8Array();
    if (bytes.length !== entry.size)
      throw new Error(`${entry.path} has ${bytes.length} bytes, not ${entry.size}`);
  }
}

function assertInside(path: string): void {
  if (path.startsWith('/') || path.split('/').includes('..')) throw new Error(`${path} leads outside`);
}

/** In small pieces, as a network gives them. */
async function* chunksOf(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
}
