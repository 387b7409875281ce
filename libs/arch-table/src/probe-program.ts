import { type GuestName, guest } from './guests.ts';
import { PROBES, type Probe } from './probes.ts';

/** Where the program is loaded: a multiple of every guest's page size, above what kernels keep unmapped. */
const BASE = 0x400000;
const PAGE = 0x10000;

const ET_EXEC = 2;
const EV_CURRENT = 1;
const PT_LOAD = 1;
const READ_AND_EXECUTE = 5;

/**
 * A whole program of a guest: a minimal static ELF file of one segment whose few instructions exit with
 * `PROBE_EXIT`. An interpreter that runs it is proven to emulate that CPU, without a foreign file.
 * gABI chapters 4 ("ELF Header") and 5 ("Program Header").
 */
export function probeProgram(name: GuestName): Uint8Array {
  const row = guest(name);
  const probe = PROBES[name];
  const wide = row.bits === 64;
  const headerSize = wide ? 64 : 52;
  const segmentSize = wide ? 56 : 32;
  const start = headerSize + segmentSize;
  const size = start + probe.code.length * probe.unit;
  const file = writer(size, row.endian === 'little', wide);

  for (const byte of [0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, row.endian === 'little' ? 1 : 2, EV_CURRENT])
    file.byte(byte);
  file.skipTo(16);
  file.half(ET_EXEC);
  file.half(row.machine);
  file.word(EV_CURRENT);
  file.address(BASE + start);
  file.address(headerSize);
  file.address(0);
  file.word(probe.flags ?? 0);
  for (const half of [headerSize, segmentSize, 1, 0, 0, 0]) file.half(half);

  file.word(PT_LOAD);
  if (wide) file.word(READ_AND_EXECUTE);
  for (const address of [0, BASE, BASE, size, size]) file.address(address);
  if (!wide) file.word(READ_AND_EXECUTE);
  file.address(PAGE);

  file.code(probe, row.endian === 'little' || probe.endian === 'little');
  return file.bytes;
}

/** Puts numbers into a file one after the other, in the guest's byte order and width. */
function writer(size: number, little: boolean, wide: boolean) {
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  let at = 0;
  const step = (width: number) => {
    at += width;
    return at - width;
  };
  return {
    bytes,
    byte: (value: number) => view.setUint8(step(1), value),
    half: (value: number) => view.setUint16(step(2), value, little),
    word: (value: number) => view.setUint32(step(4), value, little),
    address: (value: number) =>
      wide ? view.setBigUint64(step(8), BigInt(value), little) : view.setUint32(step(4), value, little),
    skipTo: (offset: number) => {
      at = offset;
    },
    code: ({ unit, code }: Probe, littleCode: boolean) => {
      for (const value of code) {
        if (unit === 4) view.setUint32(step(4), value, littleCode);
        else if (unit === 2) view.setUint16(step(2), value, littleCode);
        else view.setUint8(step(1), value);
      }
    },
  };
}
