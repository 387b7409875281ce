import { expect, test } from 'vitest';
import { elfPattern, GUEST_NAMES, type GuestName, guest, probeProgram } from './index.ts';
import { PROBES } from './probes.ts';

/** binfmt_misc's own comparison. */
function claims(name: GuestName, file: Uint8Array): boolean {
  const { magic, mask } = elfPattern(guest(name));
  return magic.every((byte, index) => (((file[index] ?? 0) ^ byte) & (mask[index] ?? 0)) === 0);
}

test('a probe is a program of its own guest and of no other', () => {
  for (const name of GUEST_NAMES) {
    const program = probeProgram(name);
    expect([name, GUEST_NAMES.filter((other) => claims(other, program))]).toEqual([name, [name]]);
  }
});

test('the x86-64 probe is this file, byte for byte', () => {
  expect(Buffer.from(probeProgram('x86_64')).toString('hex')).toBe(
    '7f454c46020101000000000000000000' + // ELF, 64 bits, little-endian
      '02003e0001000000' + // ET_EXEC, EM_X86_64
      '780040000000000040000000000000000000000000000000' + // entry, program headers, no sections
      '00000000400038000100000000000000' + // sizes: one program header
      '0100000005000000000000000000000000004000000000000000400000000000' + // PT_LOAD, read and execute
      '840000000000000084000000000000000000010000000000' + // 132 bytes of file and memory, 64 KiB pages
      'b83c000000bf2a0000000f05', // mov $60,%eax; mov $42,%edi; syscall
  );
});

test.each<[GuestName, string]>([
  ['arm', '0170a0e3'],
  ['armeb', 'e3a07001'],
  ['aarch64', 'a80b80d2'],
  // Big-endian data, and instructions that are little-endian even so.
  ['aarch64_be', 'a80b80d2'],
  ['sh4', '01e3'],
  ['sh4eb', 'e301'],
  ['i386', 'b801000000'],
])('the first instruction of %s is %s', (name, expected) => {
  const { unit, code } = PROBES[name];
  const program = Buffer.from(probeProgram(name));
  const instructions = program.subarray(program.length - unit * code.length);
  expect(instructions.subarray(0, expected.length / 2).toString('hex')).toBe(expected);
});

test('the segment of a program is read and executed, in either width', () => {
  for (const name of GUEST_NAMES) {
    const { bits, endian } = guest(name);
    const view = new DataView(probeProgram(name).buffer);
    const [at, type] = bits === 64 ? [68, 64] : [76, 52];
    const word = (offset: number) => view.getUint32(offset, endian === 'little');
    expect([name, word(type), word(at)]).toEqual([name, 1, 5]);
  }
});

test('a probe ends where its instructions end, and they begin where the entry says', () => {
  for (const name of GUEST_NAMES) {
    const row = guest(name);
    const program = probeProgram(name);
    const view = new DataView(program.buffer);
    const little = row.endian === 'little';
    const entry = row.bits === 64 ? Number(view.getBigUint64(24, little)) : view.getUint32(24, little);
    const { unit, code } = PROBES[name];
    expect([name, entry - 0x400000 + unit * code.length]).toEqual([name, program.length]);
  }
});
