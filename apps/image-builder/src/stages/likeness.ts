import { emulatorOf, type GuestName } from '@qemu-user-static/arch-table';

/**
 * Emulators in the order in which a layer of several has them: each beside those whose code is most like its own,
 * as a compressor finds likeness within its window only. It is the shortest way found through Debian's 33 emulators
 * of 11.1.3 for amd64, where the distance of two is the share of sampled 12-byte strings that only one of them has;
 * 2.5 % smaller than by name.
 */
const ORDER: readonly GuestName[] = [
  ...([
    'mips',
    'mipsel',
    'mipsn32el',
    'mipsn32',
    'mips64',
    'mips64el',
    'loongarch64',
    'x86_64',
    'i386',
  ] as const),
  ...(['ppc', 'ppc64le', 'ppc64', 's390x', 'sparc64', 'sparc32plus', 'sparc', 'm68k', 'hppa'] as const),
  ...([
    'sh4eb',
    'sh4',
    'alpha',
    'microblazeel',
    'microblaze',
    'or1k',
    'xtensaeb',
    'xtensa',
    'hexagon',
  ] as const),
  ...(['riscv64', 'riscv32', 'arm', 'armeb', 'aarch64', 'aarch64_be'] as const),
];

/** Where an emulator stands among others; after them all if it is new. */
export function likenessRank(guest: GuestName): number {
  const rank = ORDER.indexOf(emulatorOf(guest));
  return rank < 0 ? ORDER.length : rank;
}
