/**
 * The table: one row a guest that QEMU's user mode emulates, under QEMU's own name for the target.
 *
 * Sources: ELF class, byte order and machine from the ELF gABI's e_machine registry; the exceptions from
 * the binfmt.d lines Debian ships in qemu-user; Debian's names from dpkg's cputable; Go's from its list of
 * known GOARCH values, which the OCI image specification takes over for `platform.architecture`.
 */

/** ELF e_machine values. https://www.sco.com/developers/gabi/latest/ch4.eheader.html */
const EM = {
  SPARC: 2,
  '386': 3,
  '68K': 4,
  '486': 6,
  MIPS: 8,
  PARISC: 15,
  SPARC32PLUS: 18,
  PPC: 20,
  PPC64: 21,
  S390: 22,
  ARM: 40,
  SH: 42,
  SPARCV9: 43,
  X86_64: 62,
  OPENRISC: 92,
  XTENSA: 94,
  HEXAGON: 164,
  AARCH64: 183,
  RISCV: 243,
  LOONGARCH: 258,
  ALPHA: 0x9026,
  MICROBLAZE: 0xbaab,
} as const;

/** e_flags bit that distinguishes MIPS n32 (set) from o32 (clear). MIPS ELF ABI supplement, EF_MIPS_ABI2. */
const EF_MIPS_ABI2 = 0x20;

/**
 * Mask of EI_OSABI. Linux programs carry 0 (System V) or 3 (GNU); some guests also run foreign ones, so
 * their whole byte is ignored.
 */
const GNU_OR_SYSV = 0xfc;

/** One row. Everything not here (magic, mask, interpreter's name) is derived from it. */
export interface GuestRow {
  /** Width of the ELF class, in bits. */
  readonly bits: 32 | 64;
  readonly endian: 'little' | 'big';
  /** ELF e_machine. */
  readonly machine: number;
  /** A host skips the guests of its own family: its kernel or CPU may run them without help. */
  readonly family: string;
  /** OCI platforms whose images this guest runs, the usual one first. */
  readonly platforms: readonly string[];
  /** Debian architectures, the usual one first. */
  readonly debian: readonly string[];
  /** GOARCH. */
  readonly go: string | null;
  /** The output of `uname -m` on such a machine; `*` stands for any characters. The usual one first. */
  readonly uname: readonly string[];
  /** Mask of byte 7, EI_OSABI; 0 unless said. */
  readonly osabiMask?: number;
  /** EI_ABIVERSION is ignored. */
  readonly anyAbiVersion?: true;
  /** Lowest bit of EI_DATA and EI_VERSION is ignored: old x86 tools wrote odd values there. */
  readonly looseIdent?: true;
  /** The second byte of e_machine is ignored. */
  readonly looseMachine?: true;
  /** The pattern goes on up to e_flags (byte 39), of which only the bits of `mask` count. */
  readonly flags?: { readonly value: number; readonly mask: number };
  /** The target whose emulator runs this guest, where it is not the guest's own. */
  readonly emulator?: string;
}

const X86 = { endian: 'little', family: 'i386', osabiMask: GNU_OR_SYSV, looseIdent: true } as const;
const ARM = { machine: EM.ARM, bits: 32 } as const;
const AARCH64 = { machine: EM.AARCH64, bits: 64 } as const;
const MIPS = { machine: EM.MIPS, family: 'mips', anyAbiVersion: true } as const;
const O32 = { ...MIPS, bits: 32, flags: { value: 0, mask: EF_MIPS_ABI2 } } as const;
const N32 = { ...MIPS, bits: 32, flags: { value: EF_MIPS_ABI2, mask: EF_MIPS_ABI2 } } as const;
const PPC = { endian: 'big', family: 'ppc', osabiMask: GNU_OR_SYSV } as const;
const RISCV = { endian: 'little', machine: EM.RISCV, family: 'riscv' } as const;
const SH4 = { bits: 32, machine: EM.SH, family: 'sh4', osabiMask: GNU_OR_SYSV } as const;
const SPARC = { endian: 'big', family: 'sparc', osabiMask: GNU_OR_SYSV } as const;
const LITTLE = { endian: 'little' } as const;
const BIG = { endian: 'big' } as const;

/** Every guest, by QEMU's name of the target. */
export const GUESTS = {
  aarch64: {
    ...AARCH64,
    ...LITTLE,
    family: 'arm',
    platforms: ['linux/arm64'],
    debian: ['arm64'],
    go: 'arm64',
    uname: ['aarch64', 'arm64'],
  },
  aarch64_be: {
    ...AARCH64,
    ...BIG,
    family: 'armeb',
    platforms: [],
    debian: [],
    go: 'arm64be',
    uname: ['aarch64_be'],
  },
  alpha: {
    bits: 64,
    ...LITTLE,
    machine: EM.ALPHA,
    family: 'alpha',
    platforms: [],
    debian: ['alpha'],
    go: null,
    uname: ['alpha'],
  },
  arm: {
    ...ARM,
    ...LITTLE,
    family: 'arm',
    platforms: ['linux/arm/v7', 'linux/arm/v6', 'linux/arm/v5'],
    debian: ['armhf', 'armel'],
    go: 'arm',
    uname: ['armv7l', 'arm', 'armel', 'armhf', 'armv*l'],
  },
  armeb: {
    ...ARM,
    ...BIG,
    family: 'armeb',
    platforms: [],
    debian: ['armeb'],
    go: 'armbe',
    uname: ['armeb', 'armv*b'],
  },
  hexagon: {
    bits: 32,
    ...LITTLE,
    machine: EM.HEXAGON,
    family: 'hexagon',
    platforms: [],
    debian: [],
    go: null,
    uname: ['hexagon'],
  },
  hppa: {
    bits: 32,
    ...BIG,
    machine: EM.PARISC,
    family: 'hppa',
    platforms: [],
    debian: ['hppa'],
    go: null,
    uname: ['hppa', 'parisc*'],
  },
  i386: {
    ...X86,
    bits: 32,
    machine: EM['386'],
    platforms: ['linux/386'],
    debian: ['i386'],
    go: '386',
    uname: ['i686', 'i386', 'i486', 'i586'],
  },
  i486: {
    ...X86,
    bits: 32,
    machine: EM['486'],
    platforms: [],
    debian: [],
    go: null,
    uname: [],
    emulator: 'i386',
  },
  loongarch64: {
    bits: 64,
    ...LITTLE,
    machine: EM.LOONGARCH,
    family: 'loongarch',
    platforms: ['linux/loong64'],
    debian: ['loong64'],
    go: 'loong64',
    uname: ['loongarch64'],
    osabiMask: GNU_OR_SYSV,
    anyAbiVersion: true,
  },
  m68k: {
    bits: 32,
    ...BIG,
    machine: EM['68K'],
    family: 'm68k',
    platforms: [],
    debian: ['m68k'],
    go: null,
    uname: ['m68k'],
  },
  microblaze: {
    bits: 32,
    ...BIG,
    machine: EM.MICROBLAZE,
    family: 'microblaze',
    platforms: [],
    debian: [],
    go: null,
    uname: ['microblaze'],
  },
  microblazeel: {
    bits: 32,
    ...LITTLE,
    machine: EM.MICROBLAZE,
    family: 'microblazeel',
    platforms: [],
    debian: [],
    go: null,
    uname: ['microblazeel'],
  },
  mips: { ...O32, ...BIG, platforms: ['linux/mips'], debian: ['mips'], go: 'mips', uname: ['mips'] },
  mips64: {
    ...MIPS,
    bits: 64,
    ...BIG,
    platforms: ['linux/mips64'],
    debian: ['mips64'],
    go: 'mips64',
    uname: ['mips64'],
  },
  mips64el: {
    ...MIPS,
    bits: 64,
    ...LITTLE,
    platforms: ['linux/mips64le'],
    debian: ['mips64el'],
    go: 'mips64le',
    uname: ['mips64el'],
  },
  mipsel: {
    ...O32,
    ...LITTLE,
    platforms: ['linux/mipsle'],
    debian: ['mipsel'],
    go: 'mipsle',
    uname: ['mipsel'],
  },
  mipsn32: { ...N32, ...BIG, platforms: [], debian: ['mipsn32'], go: 'mips64p32', uname: ['mipsn32'] },
  mipsn32el: {
    ...N32,
    ...LITTLE,
    platforms: [],
    debian: ['mipsn32el'],
    go: 'mips64p32le',
    uname: ['mipsn32el'],
  },
  or1k: {
    bits: 32,
    ...BIG,
    machine: EM.OPENRISC,
    family: 'or1k',
    platforms: [],
    debian: ['or1k'],
    go: null,
    uname: ['or1k', 'openrisc'],
  },
  ppc: {
    ...PPC,
    bits: 32,
    machine: EM.PPC,
    platforms: [],
    debian: ['powerpc'],
    go: 'ppc',
    uname: ['ppc', 'powerpc'],
  },
  ppc64: {
    ...PPC,
    bits: 64,
    machine: EM.PPC64,
    platforms: ['linux/ppc64'],
    debian: ['ppc64'],
    go: 'ppc64',
    uname: ['ppc64'],
  },
  ppc64le: {
    ...PPC,
    ...LITTLE,
    family: 'ppcle',
    bits: 64,
    machine: EM.PPC64,
    looseMachine: true,
    platforms: ['linux/ppc64le'],
    debian: ['ppc64el'],
    go: 'ppc64le',
    uname: ['ppc64le', 'ppc64el'],
  },
  riscv32: { ...RISCV, bits: 32, platforms: [], debian: ['riscv32'], go: 'riscv', uname: ['riscv32'] },
  riscv64: {
    ...RISCV,
    bits: 64,
    platforms: ['linux/riscv64'],
    debian: ['riscv64'],
    go: 'riscv64',
    uname: ['riscv64'],
  },
  s390x: {
    bits: 64,
    ...BIG,
    machine: EM.S390,
    family: 's390x',
    platforms: ['linux/s390x'],
    debian: ['s390x'],
    go: 's390x',
    uname: ['s390x'],
    osabiMask: GNU_OR_SYSV,
  },
  sh4: { ...SH4, ...LITTLE, platforms: [], debian: ['sh4'], go: null, uname: ['sh4', 'sh4a'] },
  sh4eb: { ...SH4, ...BIG, platforms: [], debian: ['sh4eb'], go: null, uname: ['sh4eb', 'sh4aeb'] },
  sparc: {
    ...SPARC,
    bits: 32,
    machine: EM.SPARC,
    platforms: [],
    debian: ['sparc'],
    go: 'sparc',
    uname: ['sparc'],
  },
  sparc32plus: {
    ...SPARC,
    bits: 32,
    machine: EM.SPARC32PLUS,
    platforms: [],
    debian: [],
    go: null,
    uname: [],
  },
  sparc64: {
    ...SPARC,
    bits: 64,
    machine: EM.SPARCV9,
    platforms: ['linux/sparc64'],
    debian: ['sparc64'],
    go: 'sparc64',
    uname: ['sparc64', 'sun4u', 'sun4v'],
  },
  x86_64: {
    ...X86,
    bits: 64,
    machine: EM.X86_64,
    platforms: ['linux/amd64'],
    debian: ['amd64'],
    go: 'amd64',
    uname: ['x86_64', 'amd64'],
  },
  xtensa: {
    bits: 32,
    ...LITTLE,
    machine: EM.XTENSA,
    family: 'xtensa',
    platforms: [],
    debian: [],
    go: null,
    uname: ['xtensa'],
  },
  xtensaeb: {
    bits: 32,
    ...BIG,
    machine: EM.XTENSA,
    family: 'xtensaeb',
    platforms: [],
    debian: [],
    go: null,
    uname: ['xtensaeb'],
  },
} as const satisfies Record<string, GuestRow>;

/** QEMU's name of a target. */
export type GuestName = keyof typeof GUESTS;

/** Every guest's name, in the order of the table. */
export const GUEST_NAMES = Object.keys(GUESTS) as readonly GuestName[];

/** A guest's row, widened to its common shape. */
export function guest(name: GuestName): GuestRow {
  return GUESTS[name];
}

/** The target whose emulator runs `name`: itself, except i486, which runs on i386's. */
export function emulatorOf(name: GuestName): GuestName {
  return (guest(name).emulator ?? name) as GuestName;
}
