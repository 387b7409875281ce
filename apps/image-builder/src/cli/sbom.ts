import { Option } from 'commander';
import type { Declaration } from '../commands/command.ts';
import { type ImageOptions, json, oneImage } from '../commands/options.ts';
import { SBOM_FORMATS, type SbomFormat } from '../sbom/sboms.ts';

export interface SbomOptions extends ImageOptions {
  readonly format: SbomFormat;
}

export const sbom: Declaration = {
  name: 'sbom',
  description: 'print the bill of materials of one image of the layout',
  options: [
    new Option('--format <name>', 'of CycloneDX 1.6 or SPDX 2.3').choices(SBOM_FORMATS).default('cyclonedx'),
    ...oneImage(),
    json(),
  ],
  async run(options: SbomOptions, environment) {
    const { sbomCommand } = await import('../commands/sbom.ts');
    return sbomCommand(options, environment);
  },
};
