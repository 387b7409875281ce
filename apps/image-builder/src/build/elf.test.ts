import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HOST_PLATFORMS } from '@qemu-user-static/arch-table';
import { makeProgram } from '@qemu-user-static/lock/testing';
import { expect, onTestFinished, test } from 'vitest';
import { assertStaticProgram } from './elf.ts';

const refusal = (file: Uint8Array) => {
  try {
    assertStaticProgram(file, 'usr/bin/qemu-arm', 'linux/amd64');
    return 'accepted';
  } catch (error) {
    expect(error).toMatchObject({ code: 'EMULATOR_INVALID' });
    return (error as Error).message;
  }
};

test.each(HOST_PLATFORMS)('a static program for %s is accepted', (platform) => {
  expect(() => assertStaticProgram(makeProgram(platform, 'x'), 'qemu-arm', platform)).not.toThrow();
});

test('a program for another host is refused, naming both', () => {
  expect(refusal(makeProgram('linux/arm64', 'x'))).toBe(
    'usr/bin/qemu-arm for linux/amd64 is for ELF machine 183, not 62',
  );
  expect(refusal(makeProgram('linux/arm/v7', 'x'))).toContain('is not of the 64-bit class');
  expect(refusal(makeProgram('linux/s390x', 'x'))).toContain('is not little-endian');
});

test('a dynamic program is refused, a made one and this machine’s Node', () => {
  expect(refusal(makeProgram('linux/amd64', 'x', { dynamic: true }))).toContain(
    'needs a program interpreter',
  );
  if (process.arch === 'x64')
    expect(refusal(readFileSync(process.execPath))).toContain('needs a program interpreter');
});

test.each(HOST_PLATFORMS)('a dynamic program for %s is refused', (platform) => {
  const program = makeProgram(platform, 'x', { dynamic: true });
  expect(() => assertStaticProgram(program, 'qemu-arm', platform)).toThrow('needs a program interpreter');
});

test.each(['linux/amd64', 'linux/386', 'linux/s390x'] as const)(
  'every program header is looked at, and none behind the last: %s',
  (platform) => {
    const wide = platform !== 'linux/386';
    const [begin, size, place] = wide ? [64, 56, 56] : [52, 32, 44];
    const made = makeProgram(platform, 'x');
    // The same header three times, then one that only a dynamic program has.
    const headers = Array(3).fill(made.subarray(begin, begin + size));
    const dynamic = makeProgram(platform, 'x', { dynamic: true }).subarray(begin, begin + size);
    const program = Buffer.concat([made.subarray(0, begin), ...headers, dynamic]);
    const refuse = (count: number) => {
      const view = new DataView(program.buffer, program.byteOffset);
      view.setUint16(place, count, platform !== 'linux/s390x');
      assertStaticProgram(program, 'qemu-arm', platform);
    };
    expect(() => refuse(3)).not.toThrow();
    expect(() => refuse(4)).toThrow('needs a program interpreter');
    expect(() => refuse(5)).toThrow('has no whole program header table');
    expect(() => refuse(0)).toThrow('has no whole program header table');
  },
);

test('a position-independent program is one too', () => {
  const program = makeProgram('linux/amd64', 'x');
  program.writeUInt16LE(3, 16);
  expect(refusal(program)).toBe('accepted');
  program.writeUInt16LE(4, 16);
  expect(refusal(program)).toContain('is not a program (ELF type 4)');
});

test('a file that is not a program is refused', () => {
  const program = makeProgram('linux/amd64', 'x');
  const object = Buffer.from(program);
  object[16] = 1;
  expect(refusal(Buffer.from('#!/bin/sh\n'))).toContain('is not an ELF file');
  expect(refusal(object)).toContain('is not a program (ELF type 1)');
  expect(refusal(program.subarray(0, 70))).toContain('has no whole program header table');
  expect(refusal(new Uint8Array())).toContain('is not an ELF file');
});

test.each([
  ['linux/amd64', 64],
  ['linux/386', 52],
] as const)('a file for %s that ends in its header of %i bytes is no ELF file', (platform, size) => {
  const program = makeProgram(platform, 'x');
  const refuse = (length: number) =>
    assertStaticProgram(program.subarray(0, length), 'usr/bin/qemu-arm', platform);
  expect(() => refuse(size - 1)).toThrow('is not an ELF file');
  expect(() => refuse(size)).toThrow('has no whole program header table');
});

test.each([0, 1, 31, 55, 57, 0xffff])('program headers of %i bytes are refused', (size) => {
  const program = makeProgram('linux/amd64', 'x');
  program.writeUInt16LE(size, 54);
  // The last header ends where the file does: what is read of it must not go past that.
  program.writeBigUInt64LE(BigInt(program.length - 1), 32);
  expect(refusal(program)).toContain('has no whole program header table');
});

test.skipIf(process.arch !== 'x64')('the programs of these tests really run (x86_64)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'program-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'program');
  writeFileSync(path, makeProgram('linux/amd64', 'hello'));
  chmodSync(path, 0o755);
  expect(execFileSync(path).toString()).toBe('hello');
});
