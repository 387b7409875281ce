import type { Digest } from '@qemu-user-static/oci-image';
import { describe, expect, test } from 'vitest';
import { formatSummary } from './format-summary.ts';
import type { Summary, TagSummary } from './summary.ts';

const digest: Digest = `sha256:${'a'.repeat(64)}`;
const sizes = { platform: 'linux/amd64', version: '11.1.3', gzip: 102_000_000, zstd: 27_500_000 } as const;
const whole = (tag: string): TagSummary => ({
  tag,
  channel: 'latest',
  contents: 'all',
  digest,
  immutable: false,
  platforms: [
    { ...sizes, guests: 33 },
    { ...sizes, platform: 'linux/arm/v7', version: '10.2.2', guests: 17, gzip: 39_700_000 },
  ],
});
const summary: Summary = {
  tags: [
    whole('11.1.3'),
    { ...whole('common'), contents: 'common' },
    whole('latest'),
    whole('latest-zstd'),
    whole('stable'),
    { ...whole('aarch64'), contents: 'aarch64', platforms: [{ ...sizes, guests: 1, gzip: 5_100_000 }] },
  ],
  platforms: [
    {
      channel: 'latest',
      platform: 'linux/amd64',
      version: '11.1.3',
      debianVersion: '1:11.1.3+ds-1',
      guests: ['aarch64', 'arm'],
      others: [],
    },
  ],
  notes: [`linux/arm/v7 has 17 guests; Debian's package for it lacks ${'aarch64, '.repeat(20)}x86_64`],
  check: {
    tags: 4,
    images: 3,
    layers: 9,
    bytes: 130_000_000,
    ran: { platform: 'linux/amd64', emulators: 33 },
  } as Summary['check'],
  smoke: [],
};
const lines = formatSummary(summary, 'dist/oci').split('\n');

describe('the summary of a release', () => {
  test('begins with what was made, and where', () => {
    expect(lines.slice(0, 3)).toEqual([
      'dist/oci: 4 tags, 3 images, 9 layers, 130 MB, checked',
      '33 emulators run on linux/amd64.',
      'Not tried on a container engine: none answers.',
    ]);
  });

  test('fits a terminal of 80 columns', () => {
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
  });

  test('lists latest first, versions last, and counts the rest', () => {
    const rows = lines.filter((line) => line.includes('sha256:'));
    expect(rows.map((line) => line.split(' ')[0])).toEqual(['latest', 'stable', 'common', '11.1.3']);
    expect(lines).toContain('and 1 images of one guest, 5.1 MB each, such as aarch64');
    expect(lines).toContain('2 more tags: --json lists them');
  });

  test('ends with the commands that come next', () => {
    expect(lines.slice(-3)[0]).toBe('Next:');
  });
});
