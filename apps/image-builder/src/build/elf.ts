import { guest, type HostPlatform, host } from '@qemu-user-static/arch-table';
import { BuilderError } from '../report/errors.ts';

/** Program header type of a program interpreter: only a dynamically linked file has one. gABI, "Program Header". */
const PT_INTERP = 3;
const ET_EXEC = 2;
const ET_DYN = 3;

/**
 * Holds that a file is a program that this host can run with nothing else available: right class, byte order
 * and machine, executable, and static (no program interpreter).
 * https://www.sco.com/developers/gabi/latest/ch5.pheader.html
 *
 * @throws BuilderError EMULATOR_INVALID
 */
export function assertStaticProgram(file: Uint8Array, name: string, platform: HostPlatform): void {
  const cpu = guest(host(platform).cpu);
  const fail = (why: string) => new BuilderError('EMULATOR_INVALID', `${name} for ${platform} ${why}`);
  const wide = cpu.bits === 64;
  if (file.length < (wide ? 64 : 52) || Buffer.from(file.subarray(0, 4)).toString('latin1') !== '\x7fELF') {
    throw fail('is not an ELF file');
  }
  if (file[4] !== cpu.bits / 32) throw fail(`is not of the ${cpu.bits}-bit class`);
  const little = cpu.endian === 'little';
  if (file[5] !== (little ? 1 : 2)) throw fail(`is not ${cpu.endian}-endian`);

  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const type = view.getUint16(16, little);
  const machine = view.getUint16(18, little);
  if (machine !== cpu.machine) throw fail(`is for ELF machine ${machine}, not ${cpu.machine}`);
  if (type !== ET_EXEC && type !== ET_DYN) throw fail(`is not a program (ELF type ${type})`);

  const offset = wide ? Number(view.getBigUint64(32, little)) : view.getUint32(28, little);
  const size = view.getUint16(wide ? 54 : 42, little);
  const count = view.getUint16(wide ? 56 : 44, little);
  // Elf32_Phdr, Elf64_Phdr.
  if (count === 0 || size !== (wide ? 56 : 32) || offset + size * count > file.length)
    throw fail('has no whole program header table');
  for (let index = 0; index < count; index++) {
    if (view.getUint32(offset + index * size, little) === PT_INTERP) {
      throw fail('needs a program interpreter, so it is not static');
    }
  }
}
