import type { GuestRow } from './guests.ts';

/** The bytes that binfmt_misc compares with a file's first ones: `(byte & mask) == (magic & mask)`, one of each a byte. */
export interface Pattern {
  readonly magic: Uint8Array;
  readonly mask: Uint8Array;
}

/** Offsets in the ELF header that both classes share. gABI chapter 4, "ELF Header". */
const EI_CLASS = 4;
const EI_DATA = 5;
const EI_VERSION = 6;
const EI_OSABI = 7;
const EI_ABIVERSION = 8;
const E_TYPE = 16;
const E_MACHINE = 18;
const E_VERSION = 20;
/** Only in the 32-bit class, where entry, phoff and shoff take four bytes each. */
const E_ENTRY_32 = 24;
const E_FLAGS_32 = 36;

const ELF_MAGIC = [0x7f, 0x45, 0x4c, 0x46];
const EV_CURRENT = 1;
const ET_EXEC = 2;

/**
 * The pattern of a guest's programs, 20 bytes up to e_machine, or 40 up to e_flags where only that decides
 * two guests apart. The mask lets ET_EXEC (2) and ET_DYN (3, position-independent programs) through.
 * https://docs.kernel.org/admin-guide/binfmt-misc.html
 */
export function elfPattern(row: GuestRow): Pattern {
  const size = row.flags ? E_FLAGS_32 + 4 : E_MACHINE + 2;
  const magic = new Uint8Array(size);
  const mask = new Uint8Array(size).fill(0xff);
  const little = row.endian === 'little';
  const magicView = new DataView(magic.buffer);
  const maskView = new DataView(mask.buffer);

  magic.set(ELF_MAGIC);
  magic[EI_CLASS] = row.bits / 32;
  magic[EI_DATA] = little ? 1 : 2;
  magic[EI_VERSION] = EV_CURRENT;
  magicView.setUint16(E_TYPE, ET_EXEC, little);
  magicView.setUint16(E_MACHINE, row.machine, little);

  mask[EI_OSABI] = row.osabiMask ?? 0;
  if (row.anyAbiVersion) mask[EI_ABIVERSION] = 0;
  if (row.looseIdent) mask[EI_DATA] = mask[EI_VERSION] = 0xfe;
  maskView.setUint16(E_TYPE, 0xfffe, little);
  if (row.looseMachine) mask[E_MACHINE + 1] = 0;

  if (row.flags) {
    magicView.setUint32(E_VERSION, EV_CURRENT, little);
    mask.fill(0, E_ENTRY_32);
    magicView.setUint32(E_FLAGS_32, row.flags.value, little);
    maskView.setUint32(E_FLAGS_32, row.flags.mask, little);
  }
  return { magic, mask };
}

/** Bytes as binfmt_misc and binfmt.d take them: `\x7f\x45…`. */
export function escapeBytes(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
}
