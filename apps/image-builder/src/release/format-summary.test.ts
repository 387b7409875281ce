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
    { ...sizes, platform: 'linux/arm/v7', version: '10.2.2', guests: 17, gzip: 39_700_000 },
    { ...sizes, guests: 33 },
    { ...sizes, platform: 'linux/arm64', guests: 33 },
  ],
});
const summary: Summary = {
  tags: [
    { ...whole('11.1.3'), platforms: [{ ...sizes, guests: 31 }] },
    { ...whole('common'), contents: 'common' },
    whole('latest'),
    whole('latest-zstd'),
    whole('stable2'),
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
    expect(rows.map((line) => line.split(' ')[0])).toEqual(['latest', 'stable2', 'common', '11.1.3']);
    expect(lines).toContain('and 1 images of one guest, 5.1 MB each, such as aarch64');
    expect(lines).toContain('2 more tags: --json lists them');
  });

  test('has a row for each host, with the guests and sizes of its channel’s tag', () => {
    expect(lines.slice(4, 7)).toEqual([
      'CHANNEL  HOST         QEMU    GUESTS  GZIP    ZSTD',
      '───────  ───────────  ──────  ──────  ──────  ───────',
      'latest   linux/amd64  11.1.3  33      102 MB  27.5 MB',
    ]);
  });

  test('has the range of sizes and the numbers of guests of each tag, most first', () => {
    const row = lines.find((line) => line.startsWith('latest ') && line.includes('sha256:')) ?? '';
    expect(row.split(/ {2,}/)).toEqual([
      ...['latest', '3', '33, 17', '39.7–102 MB', '27.5 MB', `sha256:${'a'.repeat(12)}`],
    ]);
  });

  test('has notes before the next commands', () => {
    const at = lines.indexOf('Next:');
    expect(lines.slice(0, at).some((line) => line.startsWith('note: linux/arm/v7 has 17 guests'))).toBe(true);
  });

  test('says of a host that no tag has what its own package has, without sizes', () => {
    const none = formatSummary({ ...summary, tags: [] }, 'dist/oci').split('\n');
    expect(none[6]).toBe('latest   linux/amd64  11.1.3  2       –     –');
  });

  test('says nothing of what there is not', () => {
    const { check } = summary;
    const text = formatSummary(
      { ...summary, tags: [whole('latest')], notes: [], check: { ...check, ran: null } },
      'dist/oci',
    );
    expect(text).toContain('\nNo emulator was run: none is for this machine.\n');
    expect(text).toMatch(/sha256:a+\n\nNext:/);
  });

  test('has a dash where a tag has no image in a compression', () => {
    const zstd = { ...whole('latest'), platforms: [{ ...sizes, guests: 3, gzip: null, zstd: 2_000_000 }] };
    const row = formatSummary({ ...summary, tags: [zstd] }, 'x')
      .split('\n')
      .find((line) => line.includes('sha256'));
    expect(row?.split(/ {2,}/).slice(1, 5)).toEqual(['1', '3', '–', '2.0 MB']);
  });

  test('lists no tag of a version of the smaller images, none of one compression, and counts them', () => {
    const one = (tag: string, contents: TagSummary['contents']) => ({ ...whole(tag), contents });
    const text = formatSummary(
      {
        ...summary,
        tags: [
          one('register', 'register'),
          one('register-11.1.3', 'register'),
          one('common-11.1.3', 'common'),
          one('arm-11.1.3', 'arm'),
          one('latest-gzip', 'all'),
          one('a-zstd-like', 'all'),
        ],
      },
      'x',
    );
    const rows = text.split('\n').filter((line) => line.includes('sha256:'));
    expect(rows.map((line) => line.split(' ')[0])).toEqual(['a-zstd-like', 'register']);
    expect(text).toContain('\n4 more tags: --json lists them\n');
    expect(text).not.toContain('images of one guest');
  });

  test('has a line for each engine that it was tried on', () => {
    const report = {
      ...{ engine: 'Docker Engine 29', rights: '--privileged', tag: 'latest', verified: 33 },
      guests: [{ platform: 'linux/arm64', machine: 'aarch64' }],
    } as unknown as Summary['smoke'][number];
    expect(
      formatSummary({ ...summary, smoke: [report, report] }, 'x')
        .split('\n')
        .slice(1, 4),
    ).toEqual([
      '33 emulators run on linux/amd64.',
      ...Array(2).fill(
        'smoke: latest on Docker Engine 29 with --privileged: ran linux/arm64 (aarch64); 33 guests verified',
      ),
    ]);
  });

  test('ends with the commands that come next', () => {
    expect(lines.slice(-3)[0]).toBe('Next:');
  });
});
