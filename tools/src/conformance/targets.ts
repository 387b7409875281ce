import type { GuestName } from '@qemu-user-static/arch-table';
import { guestNamed, nearest } from '@qemu-user-static/arch-table';
import { ConformanceError } from './errors.ts';

/** How a program has its C library. A freestanding one has none (ISO C, 4, Conformance). */
export const LINKINGS = ['static', 'dynamic', 'freestanding'] as const;
export type Linking = (typeof LINKINGS)[number];

/** What Debian has a compiler for: programs of one guest. */
export interface Target {
  /** Debian's name of the architecture, or QEMU's of a guest without a C library. */
  readonly name: string;
  readonly guest: GuestName;
  readonly linkings: readonly Linking[];
  /** The name of the small Debian with the compiler. */
  readonly toolchain: string;
  /** Its packages: the compiler, and the C library with its headers. */
  readonly packages: readonly string[];
  readonly triplet: string;
  /** The compiler's program. */
  readonly command: string;
  /** Flags of a compiler whose programs are of another guest without them. */
  readonly flags: readonly string[];
}

const target = (
  name: string,
  guest: GuestName,
  triplet: string,
  library = `libc6-dev-${name}-cross`,
): Target => ({
  name,
  guest,
  linkings: ['static', 'dynamic'],
  toolchain: name,
  packages: [`gcc-${triplet}`, library],
  triplet,
  command: `${triplet}-gcc`,
  flags: [],
});

/** Of a compiler of 64-bit programs that can make 32-bit ones: for these guests there is no other. */
const target32 = (
  name: string,
  guest: GuestName,
  triplet: string,
  library: string,
  flag: string,
): Target => ({
  ...target(name, guest, triplet, library),
  packages: [`gcc-multilib-${triplet}`, library],
  flags: [flag],
});

const ARM64 = target('arm64', 'aarch64', 'aarch64-linux-gnu');
const ARMHF = target('armhf', 'arm', 'arm-linux-gnueabihf');
const I386 = target('i386', 'i386', 'i686-linux-gnu');
const RISCV64 = target('riscv64', 'riscv64', 'riscv64-linux-gnu');
const SPARC64 = target('sparc64', 'sparc64', 'sparc64-linux-gnu');

/** Of a guest without a C library, by the compiler of another. */
const freestanding = (guest: GuestName, by: Target, ...flags: string[]): Target => ({
  ...by,
  name: guest,
  guest,
  linkings: ['freestanding'],
  flags,
});

/** The same, by a compiler for no system. */
const bare = (guest: GuestName, triplet: string, packages: string[], ...flags: string[]): Target =>
  freestanding(guest, { ...target(guest, guest, triplet), packages }, ...flags);

const HEXAGON: Target = {
  ...bare('hexagon', 'hexagon-unknown-linux-musl', ['clang-19', 'lld-19']),
  command: 'clang-19',
  // QEMU 7.2 knows versions up to 67. lld has no relocations of small data.
  flags: [
    ...['--target=hexagon-unknown-linux-musl', '-mv67', '-G0'],
    ...['-fuse-ld=lld', '--ld-path=/usr/bin/ld.lld-19'],
  ],
};

/** The ones that most people use come first, those without a C library last. Debian 13 has a cross compiler for each. */
export const TARGETS: readonly Target[] = [
  ARM64,
  ARMHF,
  target('armel', 'arm', 'arm-linux-gnueabi'),
  { ...target('amd64', 'x86_64', 'x86_64-linux-gnu', 'libc6-dev'), packages: ['gcc', 'libc6-dev'] },
  I386,
  target('ppc64el', 'ppc64le', 'powerpc64le-linux-gnu'),
  target('s390x', 's390x', 's390x-linux-gnu'),
  RISCV64,
  target('loong64', 'loongarch64', 'loongarch64-linux-gnu'),
  target('mips64el', 'mips64el', 'mips64el-linux-gnuabi64'),
  target('mipsel', 'mipsel', 'mipsel-linux-gnu'),
  target('mips', 'mips', 'mips-linux-gnu'),
  target('mips64', 'mips64', 'mips64-linux-gnuabi64'),
  target('ppc64', 'ppc64', 'powerpc64-linux-gnu'),
  target('powerpc', 'ppc', 'powerpc-linux-gnu'),
  SPARC64,
  target('alpha', 'alpha', 'alpha-linux-gnu', 'libc6.1-dev-alpha-cross'),
  target('hppa', 'hppa', 'hppa-linux-gnu'),
  target('m68k', 'm68k', 'm68k-linux-gnu'),
  target('sh4', 'sh4', 'sh4-linux-gnu'),
  target32(
    'mipsn32el',
    'mipsn32el',
    'mips64el-linux-gnuabi64',
    'libc6-dev-mipsn32-mips64el-cross',
    '-mabi=n32',
  ),
  target32('mipsn32', 'mipsn32', 'mips64-linux-gnuabi64', 'libc6-dev-mipsn32-mips64-cross', '-mabi=n32'),
  freestanding('aarch64_be', ARM64, '-mbig-endian'),
  // Its divisions are instructions: the compiler's functions for them are little-endian.
  freestanding('armeb', ARMHF, '-mbig-endian', '-marm', '-mcpu=cortex-a15'),
  freestanding('i486', I386, '-march=i486'),
  // Nothing sets the register that a linker's shorter instructions need.
  freestanding('riscv32', RISCV64, '-march=rv32gc', '-mabi=ilp32d', '-Wl,--no-relax'),
  freestanding('sparc', SPARC64, '-m32', '-mno-v8plus', '-mcpu=v8'),
  freestanding('sparc32plus', SPARC64, '-m32', '-mv8plus', '-mcpu=v9'),
  // Programs for no system begin elsewhere.
  bare('or1k', 'or1k-elf', ['gcc-or1k-elf'], '-Wl,-e,_start,-Ttext-segment=0x400000'),
  bare('xtensa', 'xtensa-lx106-elf', ['gcc-xtensa-lx106']),
  HEXAGON,
];

/** The programs of this machine's own CPU, which are the reference. */
export const NATIVE = TARGETS.find(({ name }) => name === 'amd64') as Target;

/** The six that continuous integration tries. */
export const COMMON: readonly string[] = ['arm64', 'armhf', 'i386', 'ppc64el', 's390x', 'riscv64'];

/**
 * The targets that a name means: Debian's, or any name of the table for the guest.
 * @throws UnknownArchError, ConformanceError GUEST_WITHOUT_COMPILER
 */
export function targetsNamed(name: string): Target[] {
  const own = TARGETS.filter((one) => one.name === name);
  if (own.length > 0) return own;
  const guest = guestNamed(name);
  const found = TARGETS.filter((one) => one.guest === guest);
  if (found.length > 0) return found;
  const near = nearest(
    name,
    TARGETS.map((one) => one.name),
  );
  throw new ConformanceError(
    'GUEST_WITHOUT_COMPILER',
    `Debian has no compiler for ${guest}${near ? ` (the nearest name with one is ${near})` : ''}`,
  );
}
