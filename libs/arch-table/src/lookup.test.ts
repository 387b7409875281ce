import { describe, expect, test } from 'vitest';
import {
  emulatorOf,
  GUEST_NAMES,
  guest,
  guestFrom,
  guestNamed,
  HOST_PLATFORMS,
  host,
  hostNamed,
  namesOf,
  spelledNames,
  UnknownArchError,
} from './index.ts';

/** Names with a slip of the finger. */
const SLIPS = [
  ['amr64', 'arm64'],
  ['arm46', 'arm64'],
  ['adm64', 'amd64'],
  ['armhff', 'armhf'],
  ['arm64v8', 'arm64'],
  ['riscv46', 'riscv64'],
  ['linux/amr64', 'linux/arm64'],
] as const;

describe('names', () => {
  test.each([
    ['aarch64', 'aarch64'],
    ['linux/arm64', 'aarch64'],
    ['arm64', 'aarch64'],
    ['linux/arm64/v8', 'aarch64'],
    ['arm', 'arm'],
    ['arm/v7', 'arm'],
    ['linux/arm/v6', 'arm'],
    ['armhf', 'arm'],
    ['armv8l', 'arm'],
    ['armv5tejl', 'arm'],
    ['armv7b', 'armeb'],
    ['amd64', 'x86_64'],
    ['386', 'i386'],
    ['i686', 'i386'],
    ['ppc64el', 'ppc64le'],
    ['powerpc', 'ppc'],
    ['mips64le', 'mips64el'],
    ['mipsle', 'mipsel'],
    ['loong64', 'loongarch64'],
    ['sun4v', 'sparc64'],
    ['i486', 'i486'],
    ['ARM64', 'aarch64'],
    ['Linux/ARM/V7', 'arm'],
    ['x86-64', 'x86_64'],
    ['linux/x86-64', 'x86_64'],
    ['linux/aarch64', 'aarch64'],
    ['linux/i386', 'i386'],
    ['linux/armhf', 'arm'],
    ['linux/amd64/v3', 'x86_64'],
    ['amd64/v4', 'x86_64'],
    ['linux/riscv64/rva20u64', 'riscv64'],
    ['linux/arm64/v9.2', 'aarch64'],
    ['linux/arm/v8', 'arm'],
    ['linux/arm', 'arm'],
    ['linux/ppc64le/power9', 'ppc64le'],
  ])('%s is the guest %s', (name, expected) => {
    expect(guestNamed(name)).toBe(expected);
  });

  test('every name that the table gives leads back to its guest', () => {
    for (const name of GUEST_NAMES) {
      for (const ecosystem of ['qemu', 'oci', 'debian', 'go', 'uname'] as const) {
        for (const alias of namesOf(name, ecosystem)) {
          expect([ecosystem, alias, guestFrom(ecosystem, alias.replace('*', '6'))]).toEqual([
            ecosystem,
            alias,
            name,
          ]);
        }
      }
    }
  });

  test.each([
    'linux/amd64/',
    'linux/amd64/v3/x',
    'linux//v3',
    'windows/amd64',
    'xlinux/amd64/v3',
    'armv',
    'xarmv6l',
    'armv6lx',
    'linux/',
    'linux/arm64/v 8',
    '',
  ])('"%s" is not a guest', (name) => {
    expect(() => guestNamed(name)).toThrow(UnknownArchError);
  });

  test('a variant of another architecture does not make a host', () => {
    expect(() => hostNamed('linux/arm/v6')).toThrow(expect.objectContaining({ nearest: 'linux/arm/v7' }));
  });

  test('a misspelled name is answered with the nearest right one', () => {
    expect(() => guestNamed('aarch46')).toThrow(UnknownArchError);
    expect(() => guestNamed('aarch46')).toThrow(
      expect.objectContaining({
        code: 'ARCH_UNKNOWN',
        nearest: 'aarch64',
        remedy: 'Did you mean "aarch64"?',
      }),
    );
    expect(() => guestNamed('zx81')).toThrow(
      expect.objectContaining({ nearest: null, message: 'unknown guest "zx81"' }),
    );
    for (const [slip, name] of SLIPS)
      expect(() => guestNamed(slip)).toThrow(expect.objectContaining({ nearest: name }));
    expect(() => hostNamed('linux/amd46')).toThrow(expect.objectContaining({ nearest: 'linux/amd64' }));
  });
});

describe('the names of one ecosystem', () => {
  test('are not those of another', () => {
    expect(guestFrom('debian', 'arm64')).toBe('aarch64');
    expect(() => guestFrom('debian', 'linux/arm64/v8')).toThrow(UnknownArchError);
    expect(() => guestFrom('go', 'armhf')).toThrow(UnknownArchError);
  });

  test('are the ones that a misspelled name is answered with', () => {
    expect(() => guestFrom('debian', 'armhff')).toThrow(
      expect.objectContaining({ message: 'unknown debian name of a CPU "armhff"', nearest: 'armhf' }),
    );
    expect(() => guestFrom('go', 'armhff')).toThrow(expect.objectContaining({ nearest: null }));
  });

  test('are listed without patterns, each once', () => {
    const names = spelledNames();
    expect(names.filter((name) => name.includes('*'))).toEqual([]);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toEqual(expect.arrayContaining(['aarch64', 'linux/arm64', 'arm64', 'armv7l']));
  });
});

describe('hosts', () => {
  test.each([
    ['linux/arm64/v8', 'linux/arm64'],
    ['arm64/v8', 'linux/arm64'],
    ['linux/amd64/v1', 'linux/amd64'],
    ['linux/arm', 'linux/arm/v7'],
    ['arm', 'linux/arm/v7'],
  ])('%s is %s: a variant that adds nothing may be left out', (name, platform) => {
    expect(hostNamed(name)).toBe(platform);
  });

  test.each([
    'linux/arm64/v9',
    'linux/arm64/v8.1',
    'linux/amd64/v2',
    'linux/amd64/v10',
    'xlinux/arm64/v8',
    'xlinux/amd64/v1',
    'xlinux/arm',
  ])('%s is not a host', (name) => {
    expect(() => hostNamed(name)).toThrow(UnknownArchError);
  });

  test('a host is found by its OCI, Debian and uname names', () => {
    for (const platform of HOST_PLATFORMS) {
      const { debian, uname } = host(platform);
      const names = [platform, platform.replace('linux/', ''), debian, uname];
      expect(names.map(hostNamed)).toEqual(names.map(() => platform));
    }
  });

  test('the names a host carries are those of its CPU in the guest table', () => {
    for (const platform of HOST_PLATFORMS) {
      const { cpu, debian, uname } = host(platform);
      expect(guest(cpu).platforms).toContain(platform);
      expect(guest(cpu).debian).toContain(debian);
      expect(guest(cpu).uname[0]).toBe(uname);
    }
  });
});

test('i486 programs run on the emulator of i386, every other guest on its own', () => {
  expect(GUEST_NAMES.filter((name) => emulatorOf(name) !== name)).toEqual(['i486']);
  expect(emulatorOf('i486')).toBe('i386');
});
