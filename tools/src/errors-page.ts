import { ARCH_ERRORS } from '@qemu-user-static/arch-table';
import { ENGINE_ERRORS } from '@qemu-user-static/container-engine';
import { ARCHIVE_ERRORS } from '@qemu-user-static/debian-archive';
import type { ErrorCatalogue } from '@qemu-user-static/errors';
import { FILES_ERRORS } from '@qemu-user-static/files';
import { GITHUB_ERRORS } from '@qemu-user-static/github';
import { HTTP_ERRORS } from '@qemu-user-static/http';
import { BUILDER_ERRORS } from '@qemu-user-static/image-builder/errors';
import { LOCK_ERRORS } from '@qemu-user-static/lock';
import { IMAGE_ERRORS } from '@qemu-user-static/oci-image';
import { REGISTRY_ERRORS } from '@qemu-user-static/oci-registry';
import { REGISTER_ERRORS } from '@qemu-user-static/register';
import { SIGNING_ERRORS } from '@qemu-user-static/signing';
import { CONFORMANCE_ERRORS } from './conformance/errors.ts';

/** Every catalogue of the project, under the heading it gets. */
export const CATALOGUES: readonly (readonly [heading: string, catalogue: ErrorCatalogue])[] = [
  ['The release tooling (`apps/image-builder`)', BUILDER_ERRORS],
  ['The lock (`libs/lock`)', LOCK_ERRORS],
  ['The Debian archive (`libs/debian-archive`)', ARCHIVE_ERRORS],
  ['Images and layouts (`libs/oci-image`)', IMAGE_ERRORS],
  ['Folders for output (`libs/files`)', FILES_ERRORS],
  ['Signing (`libs/signing`)', SIGNING_ERRORS],
  ['GitHub (`libs/github`)', GITHUB_ERRORS],
  ['Container engines (`libs/container-engine`)', ENGINE_ERRORS],
  ['The register program (`apps/register`)', REGISTER_ERRORS],
  ['Registries (`libs/oci-registry`)', REGISTRY_ERRORS],
  ['Proxies (`libs/http`)', HTTP_ERRORS],
  ['CPU names (`libs/arch-table`)', ARCH_ERRORS],
  ['The checks of guest programs (`npm run conformance`)', CONFORMANCE_ERRORS],
];

/** The text of docs/errors.md. */
export function renderErrors(): string {
  const sections = CATALOGUES.map(([heading, catalogue]) => {
    const rows = Object.entries(catalogue).map(
      ([code, { meaning, remedy }]) => `| \`${code}\` | ${cell(meaning)} | ${cell(remedy)} |`,
    );
    return [`## ${heading}`, '', '| code | what it means | what to do |', '|---|---|---|', ...rows].join(
      '\n',
    );
  });
  const intro = [
    '# Errors',
    '',
    'Every error that a command ends in has a code, a message that names the thing, and a remedy.',
    'This page is generated from the catalogues in the code by `npm run docs`; a test holds that it is current.',
  ].join('\n');
  return `${[intro, ...sections].join('\n\n')}\n`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
