import { HOST_PLATFORMS } from '@qemu-user-static/arch-table';
import { expect, test } from 'vitest';
import { keyOf, layoutSizes } from '../bench/layout-sizes.ts';
import { NO_ENGINES } from './engines.ts';
import { ENGINES_PAGE, openTable } from './engines-page.ts';
import { LAYOUT } from './places.ts';

const COLUMNS = [
  'latest gzip',
  'latest zstd',
  'common gzip',
  'common zstd',
  'aarch64 gzip',
  'arm gzip',
  'register gzip',
];

const megabytes = (bytes: number | undefined) => (bytes === undefined ? '–' : (bytes / 1e6).toPrecision(3));

test.skipIf(NO_ENGINES !== undefined)(
  'docs/engines.md has the sizes of the release (root, engine)',
  async () => {
    const table = openTable('Sizes', ['platform', ...COLUMNS.map((column) => column.replace(' ', ', '))]);
    const tags = new Set(COLUMNS.map((column) => column.split(' ')[0] ?? ''));
    const sizes = await layoutSizes({ folder: LAYOUT }, [...tags]);
    for (const platform of HOST_PLATFORMS) {
      const of = (column: string) =>
        sizes.get(`${column.split(' ')[0]} ${keyOf(platform)} ${column.split(' ')[1]}`);
      expect([platform, of('latest gzip')]).toEqual([platform, expect.any(Number)]);
      table.cells(platform, ...COLUMNS.map((column) => megabytes(of(column))));
    }
    await expect(await table.page()).toMatchFileSnapshot(ENGINES_PAGE);
  },
);
