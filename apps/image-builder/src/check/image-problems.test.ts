import { expect, test } from 'vitest';
import { layerProblems } from './image-problems.ts';

test('a path without a name is reported: it would be the root', () => {
  const entry = { path: '', type: 'directory', linkname: '', mode: 0o755, uid: 0, gid: 0, extended: false };
  const layer = { diffId: 'sha256:', entries: [{ ...entry, sha256: null }] } as never;
  expect(layerProblems('sha256:0', layer)).toEqual(['layer sha256:0: the path "" leaves the root']);
});
