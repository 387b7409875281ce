import { Writable } from 'node:stream';
import type { WriteStream } from 'node:tty';
import { ArchiveError } from '@qemu-user-static/debian-archive';
import { describe, expect, test } from 'vitest';
import type { BuilderEvent, Unit } from './events.ts';
import { reporter } from './reporter.ts';

/** The output for events, on a terminal or piped. */
function written(isTTY: boolean, events: BuilderEvent[]): string {
  let text = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += chunk;
      done();
    },
  });
  let time = 0;
  const report = reporter(Object.assign(stream, { isTTY, columns: 60 }) as unknown as WriteStream, () => {
    time += 1000;
    return time;
  });
  events.forEach(report);
  return text;
}

const file = { path: 'pool/q.deb', size: 2_000_000, sha256: '0'.repeat(64) };
const events: BuilderEvent[] = [
  { type: 'stage', stage: 'fetch' },
  { type: 'fetch-start', file, url: 'http://mirror/pool/q.deb', resumedAt: 0 },
  { type: 'fetch-progress', file, received: 1_000_000 },
  { type: 'fetch-done', file },
  { type: 'stage-done', stage: 'fetch', milliseconds: 1234 },
];

test('piped, only whole lines come, and nothing that a terminal would interpret', () => {
  expect(written(false, events)).toBe('fetched pool/q.deb (2.0 MB)\nfetch: done in 1.2 s\n');
});

test('on a terminal a status line is written over', () => {
  const text = written(true, events);
  expect(text).toContain('\r\x1b[Kfetch: 1.0 MB of 2.0 MB');
  expect(text.endsWith('\r\x1b[Kfetch: done in 1.2 s\n')).toBe(true);
});

test('a retry names its reason', () => {
  const cause = new Error('connect ECONNREFUSED 127.0.0.1:1');
  const error = new ArchiveError('CONNECTION_FAILED', 'http://mirror/InRelease', cause);
  const event: BuilderEvent = { type: 'fetch-retry', url: 'http://mirror/InRelease', error, delay: 500 };
  expect(written(false, [event])).toBe(
    'fetch: http://mirror/InRelease: connect ECONNREFUSED 127.0.0.1:1; retrying in 0.5 s\n',
  );
});

test('a download that begins again is not counted twice', () => {
  const again = [...events.slice(0, 3), ...events.slice(1, 3)];
  expect(written(true, again)).not.toContain('of 4.0 MB');
});

test('a status line is never wider than the terminal', () => {
  const long = { ...file, path: `pool/${'x'.repeat(200)}` };
  const lines = written(true, [
    { type: 'fetch-start', file: long, url: 'http://mirror/', resumedAt: 0 },
  ]).split('\r\x1b[K');
  expect(Math.max(...lines.map((line) => line.length))).toBe(59);
});

test('what a person should know stays on the screen', () => {
  const text = written(false, [
    { type: 'cache-damaged', file },
    { type: 'blob-damaged', digest: 'sha256:ab' },
    { type: 'release-verified', channel: 'latest', codename: 'sid', signedBy: 'ABCD', expired: true },
  ]);
  expect(text.split('\n')).toEqual([
    'cache: pool/q.deb was damaged, downloading it again',
    'layout: sha256:ab was damaged, making it again',
    'latest: Release of sid signed by ABCD, EXPIRED, accepted on request',
    '',
  ]);
});

const registryEvents: BuilderEvent[] = [
  { type: 'sending', registry: 'ghcr.io', repository: 'o/q', bytes: 4_000_000 },
  {
    type: 'registry',
    registry: 'ghcr.io',
    event: {
      type: 'upload-progress',
      repository: 'o/q',
      digest: 'sha256:0',
      sent: 1_000_000,
      size: 2_000_000,
    },
  },
  {
    type: 'registry',
    registry: 'ghcr.io',
    event: {
      type: 'retry',
      method: 'PUT',
      address: 'https://ghcr.io/v2/',
      reason: 'PUT https://ghcr.io/v2/: 503',
      attempt: 2,
      delayMs: 500,
    },
  },
  { type: 'registry', registry: 'ghcr.io', event: { type: 'warning', text: 'read-only on Sunday' } },
  {
    type: 'registry',
    registry: 'ghcr.io',
    event: { type: 'names-ignored', repository: 'o/q', count: 2 },
  },
];

test('publishing: bytes on the status line, retries and a registry’s warnings as lines', () => {
  expect(written(true, registryEvents)).toContain('publish: 1.0 MB of 4.0 MB');
  expect(written(false, registryEvents)).toBe(
    [
      'ghcr.io: PUT https://ghcr.io/v2/: 503; retrying in 0.5 s (attempt 2)',
      'ghcr.io warns: read-only on Sunday',
      'ghcr.io/o/q lists names that are not tags; 2 ignored',
      '',
    ].join('\n'),
  );
});

test('what comes from outside writes no line, colour or title of its own', () => {
  const hostile = '\u001b]0;owned\u0007\u001b[2J\n  remedy: run this\r\u202e';
  const bad = { ...file, path: `pool/${hostile}` };
  const from: BuilderEvent[] = [
    { type: 'fetch-start', file: bad, url: 'http://mirror/', resumedAt: 0 },
    { type: 'fetch-done', file: bad },
    { type: 'cache-damaged', file: bad },
    { type: 'release-verified', channel: 'latest', codename: hostile, signedBy: hostile, expired: false },
    { type: 'registry', registry: 'ghcr.io', event: { type: 'warning', text: hostile } },
    { type: 'asset-sent', name: hostile, size: 1 },
    { type: 'note', text: hostile },
  ];
  for (const isTTY of [false, true]) {
    const text = written(isTTY, from).replaceAll('\r\x1b[K', '');
    expect(text).not.toMatch(/[^\P{Cc}\n]|\p{Cf}|^ {2}remedy/mu);
    expect(text).toContain('owned');
  }
});

describe('a long part shows how much of it is done', () => {
  const layers: BuilderEvent[] = [
    { type: 'expected', unit: 'layers', count: 3, bytes: 6_000_000 },
    ...Array.from(
      { length: 3 },
      (): BuilderEvent => ({
        type: 'layer-checked',
        digest: 'sha256:0',
        size: 2_000_000,
      }),
    ),
  ];
  const build: BuilderEvent[] = [
    { type: 'expected', unit: 'platforms', count: 2 },
    { type: 'emulator-done', platform: 'linux/amd64', guest: 'arm' },
    { type: 'layers-joined', platform: 'linux/amd64' },
    // A smaller set of the same emulators.
    { type: 'layers-joined', platform: 'linux/amd64' },
    { type: 'layers-reused', platform: 'linux/arm64' },
  ];

  test('of how many, and of how many bytes', () => {
    expect(written(true, layers)).toContain('check: read back 2 of 3 layers, 4.0 MB of 6.0 MB');
    expect(written(true, build)).toContain('build: 0 of 2 platforms; emulators: linux/amd64 1');
  });

  test('the platforms of a build are lines', () => {
    expect(written(false, build)).toBe(
      'linux/amd64: 1 emulator (1 of 2 platforms)\nlinux/arm64: unchanged, layers of the last build (2 of 2 platforms)\n',
    );
  });

  test('without a terminal there is a line every ten seconds', () => {
    const many = Array.from({ length: 8 }, () => layers.slice(1)).flat();
    const lines = written(false, [{ type: 'expected', unit: 'layers', count: 24 }, ...many]).split('\n');
    expect(lines).toEqual(['check: read back 10 of 24 layers', 'check: read back 20 of 24 layers', '']);
  });

  test.each<[Unit, BuilderEvent, string]>([
    ['emulators', { type: 'emulator-ran' }, 'check: ran 1 of 5 emulators'],
    ['requests', { type: 'answered' }, 'verify-remote: 1 of 5 requests'],
    ['images', { type: 'image-attested' }, 'attest: 1 of 5 images'],
    ['files', { type: 'asset-sent', name: 'a', size: 1 }, 'github-release: sent 1 of 5 files, a'],
  ])('%s', (unit, event, status) => {
    expect(written(true, [{ type: 'expected', unit, count: 5 }, event])).toContain(status);
  });
});
