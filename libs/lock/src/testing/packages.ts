import { type HostPlatform, host } from '@qemu-user-static/arch-table';
import { makePackage, type TestFile, type TestPackage } from '@qemu-user-static/debian-archive/testing';
import { makeProgram } from './program.ts';

/** The output of a made emulator for any arguments: that of Debian's for `--version`. */
export function versionLine(guest: string, version: string): string {
  return `qemu-${guest} version ${version} (Debian 1:${version}+ds-1)\nCopyright\n`;
}

/** A package of emulators, as Debian's qemu-user: programs, links to them, a licence text, other files. */
export function makeEmulators(
  platform: HostPlatform,
  version: string,
  guests: readonly string[],
  more: readonly TestFile[] = [],
  name = 'qemu-user',
): Promise<TestPackage> {
  const programs = guests.map((guest) => ({
    path: `./usr/bin/qemu-${guest}`,
    body: makeProgram(platform, versionLine(guest, version)),
    header: { mode: 0o755 },
  }));
  const files: TestFile[] = [
    { path: './usr/share/doc/qemu-user/README.Debian', body: 'read me' },
    { path: `./usr/share/doc/${name}/copyright`, body: `licences of QEMU ${version}` },
    { path: './usr/bin/qemu-arm64', header: { type: 'symlink', linkname: 'qemu-aarch64' } },
  ];
  return makePackage({ package: name, version: `1:${version}+ds-1`, architecture: host(platform).debian }, [
    ...programs,
    ...files,
    ...more,
  ]);
}

/** The list of applets as busybox has it in its program. */
const APPLETS = `${['[', '[[', 'ash', 'busybox', 'cat', 'cp', 'env', 'sh', 'sleep', 'tar'].join('\0')}\0\0`;

export function makeShell(platform: HostPlatform): Promise<TestPackage> {
  return makePackage(
    { package: 'busybox-static', version: '1:1.38.0-3', architecture: host(platform).debian },
    [
      {
        path: './usr/bin/busybox',
        body: makeProgram(platform, `busybox\n${APPLETS}`),
        header: { mode: 0o755 },
      },
      { path: './usr/share/doc/busybox-static/copyright', body: 'licences of BusyBox' },
    ],
  );
}
