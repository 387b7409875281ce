import { readLock } from '@qemu-user-static/lock';
import { check } from '../check/check.ts';
import { stage } from '../report/events.ts';
import { megabytes } from '../report/format.ts';
import { command as define } from './command.ts';
import { output } from './options.ts';

export const command = define(
  [output()],
  [['check', 'prove dist/oci']],
  async ({ output: folder }, { paths, onEvent }) => {
    const lock = await readLock(paths.lock);
    const report = await stage('check', onEvent, () =>
      check({ folder }, lock, { onEvent, afresh: true, hashed: new Set() }),
    );
    const ran =
      report.ran === null
        ? 'no emulator run, none is for this machine'
        : `${report.ran.emulators} emulators run on ${report.ran.platform}`;
    return {
      text: `${folder}: ${report.tags} tags, ${report.images} images, ${report.layers} layers, ${megabytes(report.bytes)} sound; ${ran}`,
      value: report,
    };
  },
);
