import { readLock } from '@qemu-user-static/lock';
import { proofOf } from '../build/proof.ts';
import { check } from '../check/check.ts';
import { stage } from '../report/events.ts';
import { megabytes } from '../report/format.ts';
import { command as define } from './command.ts';
import { buildInputs } from './environment.ts';
import { archive, layoutOrOutput } from './options.ts';

export const command = define(
  [...layoutOrOutput('OCI image layout to check'), ...archive()],
  [['check', 'prove dist/oci']],
  async ({ layout: folder }, environment) => {
    const { paths, onEvent } = environment;
    const proof = proofOf(await readLock(paths.lock), await buildInputs(environment));
    const report = await stage('check', onEvent, () =>
      check({ folder }, proof, { onEvent, afresh: true, hashed: new Set() }),
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
