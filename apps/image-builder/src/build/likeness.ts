import { emulatorOf, type GuestName } from '@qemu-user-static/arch-table';

/**
 * Emulators in the order in which a layer of several has them: each after those whose code is most like its own, as a
 * compressor finds likeness within its window only. It is the best found by simulated annealing over Debian's 33
 * emulators of 11.1.3 for the five 64-bit hosts, where an emulator costs as many sampled 32-byte strings as none has that
 * begins in the 64 MiB before it; by name it is 3 % larger.
 */
const ORDER: readonly GuestName[] = [
  ...([
    's390x',
    'sparc64',
    'sparc32plus',
    'm68k',
    'sparc',
    'alpha',
    'microblaze',
    'sh4eb',
    'microblazeel',
  ] as const),
  ...(['hppa', 'or1k', 'sh4', 'xtensa', 'xtensaeb', 'hexagon', 'mips', 'mipsel', 'mipsn32'] as const),
  ...([
    'ppc',
    'mips64el',
    'mipsn32el',
    'mips64',
    'ppc64le',
    'x86_64',
    'i386',
    'loongarch64',
    'ppc64',
  ] as const),
  ...(['riscv32', 'arm', 'riscv64', 'aarch64_be', 'armeb', 'aarch64'] as const),
];

/** Where an emulator stands among others. */
export function likenessRank(guest: GuestName): number {
  return ORDER.indexOf(emulatorOf(guest));
}
