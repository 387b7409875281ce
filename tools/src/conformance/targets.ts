import type { GuestName } from '@qemu-user-static/arch-table';
import { guestNamed, nearest } from '@qemu-user-static/arch-table';
import { ConformanceError } from './errors.ts';

/** What Debian has a compiler and a C library for: programs of one guest. */
export interface Target {
  /** Debian's name of the architecture. */
  readonly name: string;
  readonly guest: GuestName;
  /** As the names of the compiler's programs begin. */
  readonly triplet: string;
  /** The package of the compiler. */
  readonly compiler: string;
  /** The package of the C library, with its headers. */
  readonly library: string;
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
  triplet,
  compiler: `gcc-${triplet}`,
  library,
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
  compiler: `gcc-multilib-${triplet}`,
  flags: [flag],
});

/** The ones that most people use come first. Debian 13 has a cross compiler for each. */
export const TARGETS: readonly Target[] = [
  target('arm64', 'aarch64', 'aarch64-linux-gnu'),
  target('armhf', 'arm', 'arm-linux-gnueabihf'),
  target('armel', 'arm', 'arm-linux-gnueabi'),
  { ...target('amd64', 'x86_64', 'x86_64-linux-gnu', 'libc6-dev'), compiler: 'gcc' },
  target('i386', 'i386', 'i686-linux-gnu'),
  target('ppc64el', 'ppc64le', 'powerpc64le-linux-gnu'),
  target('s390x', 's390x', 's390x-linux-gnu'),
  target('riscv64', 'riscv64', 'riscv64-linux-gnu'),
  target('loong64', 'loongarch64', 'loongarch64-linux-gnu'),
  target('mips64el', 'mips64el', 'mips64el-linux-gnuabi64'),
  target('mipsel', 'mipsel', 'mipsel-linux-gnu'),
  target('mips', 'mips', 'mips-linux-gnu'),
  target('mips64', 'mips64', 'mips64-linux-gnuabi64'),
  target('ppc64', 'ppc64', 'powerpc64-linux-gnu'),
  target('powerpc', 'ppc', 'powerpc-linux-gnu'),
  target('sparc64', 'sparc64', 'sparc64-linux-gnu'),
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
];

/** The programs of this machine's own CPU, which are the reference. */
export const NATIVE = TARGETS.find(({ name }) => name === 'amd64') as Target;

/** The six that continuous integration tries. */
export const COMMON: readonly string[] = ['arm64', 'armhf', 'i386', 'ppc64el', 's390x', 'riscv64'];

/**
 * The targets that a name means: Debian's, or any name of the table for the guest.
 * @throws UnknownArchError, ConformanceError GUEST_WITHOUT_LIBRARY
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
    'GUEST_WITHOUT_LIBRARY',
    `Debian has no C library for ${guest}${near ? ` (the nearest name with one is ${near})` : ''}`,
  );
}
