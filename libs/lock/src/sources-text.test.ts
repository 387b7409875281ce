import { expect, test } from 'vitest';
import { sourcesText } from './sources-text.ts';
import { lockOf } from './testing/lock.ts';

const lock = lockOf({ latest: { 'linux/amd64': '11.1.3' } });
const emulators = lock.channels.latest?.platforms['linux/amd64']?.emulators;
if (emulators === undefined) throw new Error('no package');
const locked = {
  ...emulators,
  source: { package: 'qemu', version: '1:11.1.3+ds-1' },
  builtUsing: [{ package: 'glibc', version: '2.43-7' }],
};

test('a SOURCES file names each source, its files, their hashes and where they are', () => {
  const files = ['.dsc', '.orig.tar.xz'].map((end, index) => ({
    path: `pool/main/q/qemu/qemu_11.1.3+ds-1${end}`,
    size: 100 + index,
    sha256: String(index).repeat(64),
  }));
  expect(sourcesText(locked, { 'qemu 1:11.1.3+ds-1': { licenses: [], files } })).toBe(`Package: qemu
Version: 1:11.1.3+ds-1
Snapshot: https://snapshot-cloudflare.debian.org/package/qemu/1:11.1.3+ds-1/
Directory: http://ftp.debian.org/debian/pool/main/q/qemu
Checksums-Sha256:
 ${'0'.repeat(64)} 100 qemu_11.1.3+ds-1.dsc
 ${'1'.repeat(64)} 101 qemu_11.1.3+ds-1.orig.tar.xz

Package: glibc
Version: 2.43-7
Snapshot: https://snapshot-cloudflare.debian.org/package/glibc/2.43-7/
Comment: the suite no longer lists this version, so its hashes are not known here
`);
});
