import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseAptSources } from './apt-sources.ts';
import { chooseMirror, PUBLIC_MIRROR, readAptSources } from './index.ts';
import { temporaryFolder } from './testing/folder.ts';

const NOTHING = { option: undefined, environment: {}, sources: undefined, aptConfiguration: [] };
const list = (text: string, name = 'sources.list') => ({ name, text });
const sources = (text: string) => ({ name: 'sources.list.d/debian.sources', text });
const choose = (given: Partial<Parameters<typeof chooseMirror>[0]>) => {
  const { url, from } = chooseMirror({ ...NOTHING, ...given });
  return [url.href, from];
};
const ofApt = (...aptConfiguration: { name: string; text: string }[]) => choose({ aptConfiguration })[0];

const APT = [list('deb http://apt.example/debian sid main\n')];
const PUBLIC = PUBLIC_MIRROR.href;

describe('the mirror is the first there is of', () => {
  const all = {
    option: 'http://option.example/debian',
    environment: { DEBIAN_MIRROR: 'https://environment.example/debian' },
    sources: 'http://sources.example/debian',
    aptConfiguration: APT,
  };

  test('the option', () => {
    expect(choose(all)).toEqual(['http://option.example/debian', 'option']);
  });

  test('DEBIAN_MIRROR', () => {
    const expected = ['https://environment.example/debian', 'environment'];
    expect(choose({ ...all, option: undefined })).toEqual(expected);
  });

  test('sources.json', () => {
    const environment = { DEBIAN_MIRROR: '' };
    const expected = ['http://sources.example/debian', 'sources'];
    expect(choose({ ...all, option: undefined, environment })).toEqual(expected);
  });

  test("the host's APT", () => {
    expect(choose({ aptConfiguration: APT })).toEqual(['http://apt.example/debian', 'apt']);
  });

  test('the public mirror', () => {
    expect(choose({})).toEqual([PUBLIC, 'fallback']);
    expect(choose({ fallback: new URL('http://other.example/debian') })[0]).toBe(
      'http://other.example/debian',
    );
  });
});

describe('a mirror that was given is refused', () => {
  test.each(['debian', 'ftp://mirror.example/debian', 'file:///srv/debian', ''])(
    'if it is "%s"',
    (option) => {
      expect(() => choose({ option })).toThrow(expect.objectContaining({ code: 'MIRROR_INVALID' }));
    },
  );

  test.each([
    ['ftp://me:secret@mirror.example/debian', '…@mirror.example/debian'],
    ['me:se@cret@mirror.example', '…@mirror.example'],
    ['ftp://me:sec\nret@mirror.example', '…@mirror.example'],
    ['mirror.example/debian', 'mirror.example/debian'],
    ['a\u001b[2J', 'a\\u{1b}[2J'],
  ])('with its address in the error, and without a password: %j', (DEBIAN_MIRROR, shown) => {
    const message = `"${shown}", which DEBIAN_MIRROR gives, is not an http or https URL`;
    expect(() => choose({ environment: { DEBIAN_MIRROR } })).toThrow(expect.objectContaining({ message }));
  });
});

describe("the host's one-line APT sources", () => {
  test.each([
    [
      'options are passed over',
      'deb [signed-by=/usr/share/keyrings/a.gpg arch=amd64,arm64] http://a.example/debian sid main',
    ],
    ['options may touch the URI', 'deb [trusted=yes]http://a.example/debian sid main'],
    [
      'components may be many, and a comment may follow',
      '\tdeb  http://a.example/debian   bookworm contrib main # mine',
    ],
    ['an updates suite is as good', 'deb http://a.example/debian trixie-updates main'],
    [
      'comments are passed over',
      '#deb http://no.example/debian sid main\n\ndeb http://a.example/debian sid main',
    ],
    [
      'sources are passed over',
      'deb-src http://no.example/debian sid main\ndeb http://a.example/debian sid main',
    ],
    ['what is not an address is passed over', 'deb debian sid main\ndeb http://a.example/debian sid main'],
    ['a disk is passed over', 'deb cdrom:[Debian 12]/ bookworm main\ndeb http://a.example/debian sid main'],
    ['a file is passed over', 'deb file:///srv/debian sid main\ndeb http://a.example/debian sid main'],
    [
      'a mirror list is passed over',
      'deb mirror+file:/etc/m/debian sid main\ndeb http://a.example/debian sid main',
    ],
    ['nonsense is passed over', 'deb\nhello world\ndeb http://a.example/debian sid main'],
  ])('%s', (_, text) => {
    expect(ofApt(list(text))).toBe('http://a.example/debian');
  });

  test.each([
    ['the security archive', 'deb http://no.example/debian-security bookworm-security main'],
    ['the security archive of old', 'deb http://no.example/debian bullseye/updates main'],
    ['ports', 'deb http://no.example/debian-ports sid main'],
    ['a vendor with a component of its own', 'deb https://no.example/linux/debian bookworm stable'],
    ['a vendor with a folder of its own', 'deb https://no.example/apt cloud-sdk-bookworm main'],
    ['a vendor with the folder inside', 'deb https://no.example/debian/12/prod bookworm main'],
    ['a folder whose name ends like it', 'deb https://no.example/not-debian bookworm main'],
    ['Ubuntu', 'deb http://no.example/ubuntu noble main'],
    ['a flat repository', 'deb http://no.example/debian ./'],
  ])('%s is not the main archive', (_, text) => {
    expect(ofApt(list(text))).toBe(PUBLIC);
  });
});

test('each line of APT sources is an entry of its own, or none', () => {
  const lines = [
    'deb [arch=amd64',
    'deb http://a.example/debian',
    'deb-src [a=b] http://a.example/x sid main contrib#',
    '# deb',
    'deb http://b.example ./',
  ];
  expect(parseAptSources(list(lines.join('\n')))).toEqual([
    { types: ['deb-src'], uris: ['http://a.example/x'], suites: ['sid'], components: ['main', 'contrib'] },
    { types: ['deb'], uris: ['http://b.example'], suites: ['./'], components: [] },
  ]);
});

describe("the host's deb822 APT sources", () => {
  const stanza = `Types: deb deb-src
# a comment inside
URIs: http://a.example/debian/
Suites: bookworm bookworm-updates
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQINBGPL0BUBEADmW5NdOOHwPIJlgPu6
 -----END PGP PUBLIC KEY BLOCK-----
`;

  test('are read, with comments and a key inside', () => {
    expect(ofApt(sources(stanza))).toBe('http://a.example/debian/');
  });

  test('may have several URIs, of which the first that is of the web counts', () => {
    const text = stanza.replace('URIs: ', 'URIs: file:///srv/debian\n ');
    expect(ofApt(sources(text))).toBe('http://a.example/debian/');
  });

  test.each(['no', 'No', 'false', 'without', 'off', 'disable', '0'])(
    'are passed over with Enabled: %s',
    (value) => {
      expect(ofApt(sources(`Enabled: ${value}\n${stanza}`))).toBe(PUBLIC);
    },
  );

  // As in APT, an unknown word does not disable an entry.
  test.each(['yes', 'nope', 'casino'])('are read with Enabled: %s', (value) => {
    expect(ofApt(sources(`Enabled: ${value}\n${stanza}`))).toBe('http://a.example/debian/');
  });

  test('may end in a comment without a line break, and have # in a value', () => {
    const text = 'Types: deb\nURIs: http://a.example/debian#x\nSuites: sid\n# the end';
    expect(parseAptSources(sources(text))).toEqual([
      { types: ['deb'], uris: ['http://a.example/debian#x'], suites: ['sid'], components: [] },
    ]);
  });

  test('are passed over if they are of sources only, of security, or broken', () => {
    expect(ofApt(sources(stanza.replace('deb deb-src', 'deb-src')))).toBe(PUBLIC);
    const security = stanza
      .replace('debian/', 'debian-security')
      .replace(/Suites: .*/, 'Suites: bookworm-security');
    expect(ofApt(sources(`${security}\n\n${stanza}`))).toBe('http://a.example/debian/');
    expect(ofApt(sources(`nonsense\n${stanza}`), ...APT)).toBe('http://apt.example/debian');
  });
});

test('APT sources of many types, URIs and suites are read without each combination of them', () => {
  const many = (word: string) => Array.from({ length: 1000 }, (_, i) => `${word}${i}`).join(' ');
  const text = `Types: ${many('t')} deb\nURIs: ${many('http://a.example/')}\nSuites: ${many('s')} sid\nComponents: main\n`;
  expect(parseAptSources(sources(text))).toMatchObject([{ types: { length: 1001 }, uris: { length: 1000 } }]);
  expect(ofApt(sources(`${text}\n${text.replace('URIs: ', 'URIs: http://a.example/debian ')}`))).toBe(
    'http://a.example/debian',
  );
});

describe("the files of the host's APT configuration", () => {
  test("are read in APT's order, and only those APT reads", async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'sources.list.d'));
    const names = [
      'debian.list',
      'b.sources',
      'z.list',
      'a.list',
      'c.list.save',
      'd.sources.disabled',
      'e e.list',
    ];
    for (const name of names) await writeFile(join(folder, 'sources.list.d', name), name);
    await writeFile(join(folder, 'sources.list'), 'one');
    expect(await readAptSources(folder)).toEqual([
      { name: 'sources.list', text: 'one' },
      { name: 'sources.list.d/a.list', text: 'a.list' },
      { name: 'sources.list.d/b.sources', text: 'b.sources' },
      { name: 'sources.list.d/debian.list', text: 'debian.list' },
      { name: 'sources.list.d/z.list', text: 'z.list' },
    ]);
  });

  test('are empty on a host without APT', async () => {
    expect(await readAptSources('/nonexistent')).toEqual([]);
  });
});
