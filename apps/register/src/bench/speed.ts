import { measureSpeed } from './measure.ts';

/** `node apps/register/src/bench/speed.ts [ROUNDS]`: this program beside QEMU's script, on this machine, now. */
const rounds = Number(process.argv[2] ?? 25);
const row = (...cells: readonly string[]) =>
  cells.map((cell, index) => (index === 0 ? cell.padEnd(12) : cell.padStart(14))).join('');

console.log(
  `Registering every guest with flag F: medians of ${rounds} runs in ms, the start of the shell included.\n`,
);
console.log(row('shell', 'start alone', "QEMU's script", 'register', 'ratio', '--reset'));
for (const { shell, nothing, qemu, register, reset } of await measureSpeed(rounds)) {
  const ms = (value: number) => value.toFixed(1);
  console.log(row(shell, ms(nothing), ms(qemu), ms(register), `${ms(qemu / register)} x`, ms(reset)));
}
