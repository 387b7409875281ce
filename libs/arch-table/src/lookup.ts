import { UnknownArchError } from './errors.ts';
import { GUEST_NAMES, type GuestName, guest } from './guests.ts';
import { HOST_PLATFORMS, type HostPlatform, host } from './hosts.ts';

/** Names of one guest in one ecosystem, the usual one first. */
type Naming = (name: GuestName) => readonly string[];

const NAMINGS = {
  qemu: (name) => [name],
  oci: (name) => guest(name).platforms,
  debian: (name) => guest(name).debian,
  go: (name) => [guest(name).go].filter((go) => go !== null),
  uname: (name) => guest(name).uname,
} as const satisfies Record<string, Naming>;

/** Whose names are meant. `oci` is a platform (`linux/arm/v7`), `uname` what `uname -m` prints. */
export type Ecosystem = keyof typeof NAMINGS;

/** All names of a guest in an ecosystem, the usual one first; none where the ecosystem does not know it. */
export function namesOf(name: GuestName, ecosystem: Ecosystem): readonly string[] {
  return NAMINGS[ecosystem](name);
}

/**
 * The guest that an ecosystem calls `name`.
 * @throws UnknownArchError with the nearest name it has.
 */
export function guestFrom(ecosystem: Ecosystem, name: string): GuestName {
  const found = find(ecosystem, name);
  if (found !== undefined) return found;
  const known = GUEST_NAMES.flatMap((guest) => namesOf(guest, ecosystem));
  throw new UnknownArchError(`${ecosystem} name of a CPU`, name, known);
}

function find(ecosystem: Ecosystem, name: string): GuestName | undefined {
  const has = (wanted: string) =>
    GUEST_NAMES.find((candidate) =>
      namesOf(candidate, ecosystem).some((pattern) => matches(pattern, wanted)),
    );
  return has(name) ?? (ecosystem === 'oci' ? has(withoutVariant(name)) : undefined);
}

/**
 * Other spellings of OCI's architectures, as containerd's platform package takes them
 * (https://github.com/containerd/platforms, normalizeArch).
 */
export const ARCHITECTURE_SPELLINGS: Readonly<Record<string, string>> = {
  'x86-64': 'amd64',
  x86_64: 'amd64',
  i386: '386',
  aarch64: 'arm64',
  armhf: 'arm',
  armel: 'arm',
};

/**
 * A variant says which CPU of an architecture is needed (`linux/amd64/v3`, `linux/riscv64/rva20u64`): QEMU emulates
 * the newest of each. Arm without a variant is `linux/arm/v7`.
 */
function withoutVariant(platform: string): string {
  const [, architecture = ''] = /^linux\/([^/]+)(?:\/[\w.-]+)?$/.exec(platform) ?? [];
  const usual = ARCHITECTURE_SPELLINGS[architecture] ?? architecture;
  return usual === 'arm' ? 'linux/arm/v7' : `linux/${usual}`;
}

/**
 * Operating systems other than Linux that a platform can name: Go's GOOS values, containerd's `macos`, and `unknown`,
 * which the OCI image index uses for documents that are not images.
 */
export const OTHER_SYSTEMS = [
  'aix',
  'android',
  'darwin',
  'dragonfly',
  'freebsd',
  'hurd',
  'illumos',
  'ios',
  'js',
  'macos',
  'nacl',
  'netbsd',
  'openbsd',
  'plan9',
  'solaris',
  'unknown',
  'wasi',
  'wasip1',
  'wasip2',
  'windows',
  'zos',
] as const;

/**
 * The guest that any ecosystem calls `name`, asked in the order QEMU, OCI (with or without `linux/`, with any variant),
 * Debian, Go, `uname -m`: so `arm64`, `linux/arm64` and `aarch64` are one, and `arm` is QEMU's. Case does not matter.
 * @throws UnknownArchError with the nearest name of them all.
 */
export function guestNamed(name: string): GuestName {
  const small = name.toLowerCase();
  const spellings: [Ecosystem, string][] = [
    ['qemu', small],
    ['oci', small],
    ['oci', `linux/${small}`],
    ['debian', small],
    ['go', small],
    ['uname', small],
  ];
  for (const [ecosystem, spelling] of spellings) {
    const found = find(ecosystem, spelling);
    if (found !== undefined) return found;
  }
  throw new UnknownArchError('guest', name, spelledNames());
}

/** Every name of every guest that can be written so: no patterns, in the table's order. */
export function spelledNames(): readonly string[] {
  const ecosystems = Object.keys(NAMINGS) as Ecosystem[];
  const names = GUEST_NAMES.flatMap((name) => ecosystems.flatMap((ecosystem) => namesOf(name, ecosystem)));
  return [...new Set(names)].filter((name) => !name.includes('*'));
}

/**
 * The host platform that OCI (with or without `linux/`), Debian or `uname -m` calls `name`.
 * @throws UnknownArchError with the nearest name it has.
 */
export function hostNamed(name: string): HostPlatform {
  const wanted = [name, `linux/${name}`].map(normalizePlatform);
  const found = HOST_PLATFORMS.find(
    (platform) =>
      wanted.includes(platform) || host(platform).debian === name || host(platform).uname === name,
  );
  if (found === undefined) throw new UnknownArchError('host platform', name, HOST_PLATFORMS);
  return found;
}

/** Variants that add nothing to the architecture are left out, as containerd's platform package does. */
function normalizePlatform(platform: string): string {
  return platform
    .replace(/^(linux\/arm64)\/v8$/, '$1')
    .replace(/^(linux\/amd64)\/v1$/, '$1')
    .replace(/^linux\/arm$/, 'linux/arm/v7');
}

function matches(pattern: string, name: string): boolean {
  if (!pattern.includes('*')) return pattern === name;
  const [head = '', tail = ''] = pattern.split('*');
  return name.length >= head.length + tail.length && name.startsWith(head) && name.endsWith(tail);
}
