import { expect, test } from 'vitest';
import { digestOf } from './index.ts';
import { configSchema, parseDocument } from './schemas.ts';

const CONFIG = { architecture: 'arm', os: 'linux', rootfs: { type: 'layers', diff_ids: [digestOf('tar')] } };
const parse = (change: object) =>
  parseDocument(configSchema, Buffer.from(JSON.stringify({ ...CONFIG, ...change })), 'an image config');

test('a config may be of a time in any zone, and have nothing where Docker writes null', () => {
  const config = { Env: null, Entrypoint: null, Cmd: ['sh'], Labels: null };
  expect(parse({ created: '2026-10-30T08:08:01.5+02:00', config })).toMatchObject({ config });
});

test.each([
  ['a time that is none', { created: 'yesterday' }, 'created'],
  ['an environment that is not a list', { config: { Env: 'A=1' } }, 'config.Env'],
  ['a word that is a number', { config: { Cmd: [1] } }, 'config.Cmd.0'],
  ['a label that is a number', { config: { Labels: { a: 1 } } }, 'config.Labels.a'],
  ['other kinds of layers', { rootfs: { ...CONFIG.rootfs, type: 'trees' } }, 'rootfs.type'],
  ['a digest that is none', { rootfs: { ...CONFIG.rootfs, diff_ids: ['x'] } }, 'rootfs.diff_ids.0'],
  ['a step that is a number', { history: [{ created_by: 1 }] }, 'history.0.created_by'],
])('a config with %s is refused, by its place', (_, change, place) => {
  expect(() => parse(change)).toThrow(`it is not an image config: ${place}: `);
});

test('a document that is not JSON is refused with the reason', () => {
  expect(() => parseDocument(configSchema, Buffer.from('{'), 'an image config')).toThrow(
    expect.objectContaining({ message: 'it is not JSON', cause: expect.any(SyntaxError) }),
  );
});
