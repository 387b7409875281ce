import { measureSpeed } from './measure.ts';

/** `node apps/register/src/bench/speed.ts [ROUNDS]`: this program beside QEMU's script, on this machine, now. */
const rounds = Number(process.argv[2] ?? 21);
const speeds = await measureSpeed(rounds);
console.log(
  `Registering every guest, flag F, medians of ${rounds} runs in ms, the start of the shell included:\n`,
);
console.log('shell        nothing  QEMU’s script  register  ratio  register --reset over entries');
for (const { shell, nothing, qemu, register, reset } of speeds) {
  const [a, b, c, d] = [nothing, qemu, register, reset].map((ms) => ms.toFixed(1));
  const ratio = (qemu / register).toFixed(1);
  console.log(
    `${shell.padEnd(12)} ${a?.padStart(7)}  ${b?.padStart(13)}  ${c?.padStart(8)}  ${ratio.padStart(4)}×  ${d?.padStart(6)}`,
  );
}
