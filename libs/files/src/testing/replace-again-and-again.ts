import { replaceFile } from '../index.ts';

/** A process to be killed: `replace-again-and-again.ts PATH SIZE` writes a dot once it has begun. */
const [path = '', size = ''] = process.argv.slice(2);
for (let round = 0; ; round++) {
  await replaceFile(path, String(round % 10).repeat(Number(size)));
  if (round === 0) process.stdout.write('.');
}
