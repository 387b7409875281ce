import type { GuestName } from './guests.ts';

/** The machine instructions of one guest's probe, and what its ELF header must say for the emulator to take them. */
export interface Probe {
  /** Bytes of one instruction unit; `code` holds one number a unit. */
  readonly unit: 1 | 2 | 4;
  readonly code: readonly number[];
  /** Byte order of the instructions, where it is not that of the guest's data. */
  readonly endian?: 'little';
  /** ELF e_flags, where the emulator reads the ABI or the CPU model from them. */
  readonly flags?: number;
}

/**
 * The exit status of every probe. Neither 0 nor 1, so that an interpreter that runs nothing (`true`, `false`)
 * is never taken for an emulator; below 126, where the shell's own codes begin. The instruction words below hold it in their own ways.
 */
export const PROBE_EXIT = 42;

const words = (...code: number[]) => ({ unit: 4, code }) as const;
const halfwords = (...code: number[]) => ({ unit: 2, code }) as const;
const bytes = (...code: number[]) => ({ unit: 1, code }) as const;

/** syscall(2) says in which register each architecture takes the number and the first argument. */
const X86_32 = bytes(0xb8, 1, 0, 0, 0, 0xbb, PROBE_EXIT, 0, 0, 0, 0xcd, 0x80); // mov $1,%eax; mov $42,%ebx; int $0x80
const AARCH64 = { ...words(0xd2800ba8, 0xd2800540, 0xd4000001), endian: 'little' } as const; // mov x8,#93; mov x0,#42; svc #0
const ARM = { ...words(0xe3a07001, 0xe3a0002a, 0xef000000), flags: 0x05000000 }; // mov r7,#1; mov r0,#42; svc #0 (EABI 5)
const MICROBLAZE = words(0x31800001, 0x30a0002a, 0xb9cc0008, 0x80000000); // addik r12,r0,1; addik r5,r0,42; brki r14,8; nop
const PPC = words(0x38000001, 0x3860002a, 0x44000002); // li 0,1; li 3,42; sc
/** ELFv2: the entry is code, where ELFv1's is a function descriptor. */
const PPC64 = { ...PPC, flags: 2 };
const RISCV = words(0x05d00893, 0x02a00513, 0x00000073); // li a7,93; li a0,42; ecall
const SH4 = halfwords(0xe301, 0xe42a, 0xc311, 0x0009); // mov #1,r3; mov #42,r4; trapa #17; nop
const SPARC32 = words(0x82102001, 0x9010202a, 0x91d02010); // mov 1,%g1; mov 42,%o0; ta 0x10

/** li v0,NUMBER; li a0,42; syscall. Each MIPS ABI numbers its system calls from a base of its own. */
const mips = (exit: number) => words(0x24020000 | exit, 0x2404002a, 0x0000000c);
const O32 = mips(4001);
const N32 = { ...mips(6058), flags: 0x20 };
const N64 = mips(5058);

/** exit(42), for every guest. */
export const PROBES: Readonly<Record<GuestName, Probe>> = {
  aarch64: AARCH64,
  aarch64_be: AARCH64,
  alpha: words(0x201f0001, 0x221f002a, 0x00000083), // lda $0,1; lda $16,42; callsys
  arm: ARM,
  armeb: ARM,
  hexagon: { ...words(0x7800cba6, 0x7800c540, 0x5400c004), flags: 0x67 }, // r6=#93; r0=#42; trap0(#1) (v67: QEMU 7.2 knows no later one)
  hppa: words(0x341a0054, 0xe4008200, 0x34140002), // ldi 42,%r26; ble 0x100(%sr2,%r0); ldi 1,%r20
  i386: X86_32,
  i486: X86_32,
  loongarch64: words(0x0281740b, 0x0280a804, 0x002b0000), // li.w $a7,93; li.w $a0,42; syscall 0
  m68k: halfwords(0x7001, 0x722a, 0x4e40), // moveq #1,%d0; moveq #42,%d1; trap #0
  microblaze: MICROBLAZE,
  microblazeel: MICROBLAZE,
  mips: O32,
  mips64: N64,
  mips64el: N64,
  mipsel: O32,
  mipsn32: N32,
  mipsn32el: N32,
  or1k: words(0x18000000, 0xa960005d, 0xa860002a, 0x20000001), // l.movhi r0,0; l.ori r11,r0,93; l.ori r3,r0,42; l.sys 1
  ppc: PPC,
  ppc64: PPC64,
  ppc64le: PPC64,
  riscv32: RISCV,
  riscv64: RISCV,
  s390x: bytes(0xa7, 0x29, 0, PROBE_EXIT, 0x0a, 1), // lghi %r2,42; svc 1
  sh4: SH4,
  sh4eb: SH4,
  sparc: SPARC32,
  sparc32plus: SPARC32,
  sparc64: words(0x82102001, 0x9010202a, 0x91d0206d), // mov 1,%g1; mov 42,%o0; ta 0x6d
  x86_64: bytes(0xb8, 60, 0, 0, 0, 0xbf, PROBE_EXIT, 0, 0, 0, 0x0f, 0x05), // mov $60,%eax; mov $42,%edi; syscall
  xtensa: bytes(0x22, 0xa0, 118, 0x62, 0xa0, PROBE_EXIT, 0x00, 0x50, 0x00), // movi a2,118; movi a6,42; syscall
  xtensaeb: bytes(0x22, 0x0a, 118, 0x26, 0x0a, PROBE_EXIT, 0x00, 0x05, 0x00), // the same, fields mirrored
};
