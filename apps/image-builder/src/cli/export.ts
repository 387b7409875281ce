import { ARCHIVE_FORMATS, type ArchiveFormat } from '@qemu-user-static/oci-image';
import { Option } from 'commander';
import type { Declaration } from '../commands/command.ts';
import { json, type NamedImageOptions, oneImage, repository } from '../commands/options.ts';

export interface ExportOptions extends NamedImageOptions {
  readonly format: ArchiveFormat;
  readonly output?: string;
}

export const exportImage: Declaration = {
  name: 'export',
  description: 'write one image of the layout as an archive that engines and skopeo read',
  options: [
    new Option('--format <name>', 'docker-archive is read by old and new Docker Engines, Podman and skopeo')
      .choices(ARCHIVE_FORMATS)
      .default('docker-archive'),
    new Option('--output <file>', 'the archive (default: dist/IMAGE.tar)'),
    ...oneImage(),
    repository(),
    json(),
  ],
  async run(options: ExportOptions, environment) {
    const { exportCommand } = await import('../commands/export.ts');
    return exportCommand(options, environment);
  },
};
