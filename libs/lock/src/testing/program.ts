import { guest, type HostPlatform, host } from '@qemu-user-static/arch-table';

/** A static ELF program for a host that prints a text; one for another host than x86_64 only looks like it. */
export function makeProgram(platform: HostPlatform, prints: string, change: { dynamic?: true } = {}): Buffer {
  const { bits, endian, machine } = guest(host(platform).cpu);
  const wide = bits === 64;
  const little = endian === 'little';
  const [header, segment] = wide ? [64, 56] : [52, 32];
  const message = Buffer.from(prints);
  const code = Buffer.concat([printAndExit(message.length), message]);
  const base = 0x400000;
  const start = header + segment;
  const file = Buffer.alloc(start + code.length);
  const view = new DataView(file.buffer, file.byteOffset);
  const word = (value: number, offset: number) =>
    wide ? view.setBigUint64(offset, BigInt(value), little) : view.setUint32(offset, value, little);

  file.set([0x7f, 0x45, 0x4c, 0x46, bits / 32, little ? 1 : 2, 1]);
  view.setUint16(16, 2, little);
  view.setUint16(18, machine, little);
  view.setUint32(20, 1, little);
  word(base + start, 24);
  word(header, wide ? 32 : 28);
  view.setUint16(wide ? 52 : 40, header, little);
  view.setUint16(wide ? 54 : 42, segment, little);
  view.setUint16(wide ? 56 : 44, 1, little);
  // One segment: the whole file, readable and executable; or what only a dynamic program has.
  view.setUint32(header, change.dynamic ? 3 : 1, little);
  if (wide) {
    view.setUint32(header + 4, 5, little);
    word(base, header + 16);
    word(base, header + 24);
    word(file.length, header + 32);
    word(file.length, header + 40);
    word(0x1000, header + 48);
  }
  file.set(code, start);
  return file;
}

/** x86_64: write(1, what follows, length); exit(0). */
function printAndExit(length: number): Buffer {
  const code = Buffer.from('b801000000bf01000000488d3510000000ba000000000f05b83c00000031ff0f05', 'hex');
  code.writeUInt32LE(length, 18);
  return code;
}
