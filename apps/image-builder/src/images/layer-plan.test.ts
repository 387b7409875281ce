import { expect, test } from 'vitest';
import { parseDockerfile } from './dockerfile.ts';
import { type ContextEntry, planLayers, planPart } from './layer-plan.ts';

const file = (path: string, mode = 0o644): ContextEntry => ({ path, type: 'file', mode });
const plan = (copy: string, ...context: ContextEntry[]) =>
  planLayers(parseDockerfile(`FROM scratch\n${copy}`), context).flatMap(({ entries }) =>
    entries.map(({ path, type, mode, source }) => [path, type, mode, source]),
  );

test('a folder’s contents go into the target, folders on the way are made', () => {
  expect(
    plan('COPY emulators/ /', file('emulators/usr/bin/qemu-arm-static', 0o755), file('register/register')),
  ).toEqual([
    ['usr', 'directory', 0o755, null],
    ['usr/bin', 'directory', 0o755, null],
    ['usr/bin/qemu-arm-static', 'file', 0o755, 'emulators/usr/bin/qemu-arm-static'],
  ]);
});

test('a file becomes the target, or goes below a target with a slash', () => {
  expect(plan('COPY a.txt /b.txt', file('a.txt'))).toEqual([['b.txt', 'file', 0o644, 'a.txt']]);
  expect(plan('COPY x/a.txt /etc/', file('x/a.txt')).at(-1)).toEqual(['etc/a.txt', 'file', 0o644, 'x/a.txt']);
});

test('a folder of the context keeps its mode, a link its target', () => {
  const [layer] = planLayers(parseDockerfile('FROM scratch\nCOPY r/ /'), [
    { path: 'r/tmp', type: 'directory', mode: 0o1777 },
    { path: 'r/bin/sh', type: 'symlink', mode: 0o777, linkname: 'busybox' },
  ]);
  expect(layer?.entries).toEqual([
    { path: 'bin', type: 'directory', mode: 0o755, source: null },
    { path: 'bin/sh', type: 'symlink', mode: 0o777, linkname: 'busybox', source: 'r/bin/sh' },
    { path: 'tmp', type: 'directory', mode: 0o1777, source: 'r/tmp' },
  ]);
});

test('a folder keeps its mode where its contents come after it, and the root is no entry', () => {
  const folder = (path: string, mode: number): ContextEntry => ({ path, type: 'directory', mode });
  const copied = plan('COPY r/ /', folder('r', 0o700), folder('r/tmp', 0o1777), file('r/tmp/x'));
  expect(copied).toEqual([
    ['tmp', 'directory', 0o1777, 'r/tmp'],
    ['tmp/x', 'file', 0o644, 'r/tmp/x'],
  ]);
  expect(plan('COPY r/ /to/', folder('r', 0o700), file('r/x'))[0]).toEqual(['to', 'directory', 0o700, 'r']);
});

test('only links have a target', () => {
  const [layer] = planLayers(parseDockerfile('FROM scratch\nCOPY r/ /'), [file('r/x')]);
  expect(layer?.entries).toStrictEqual([{ path: 'x', type: 'file', mode: 0o644, source: 'r/x' }]);
});

test('the whole context goes below the target', () => {
  expect(plan('COPY . /to', file('a/b')).map(([path]) => path)).toEqual(['to', 'to/a', 'to/a/b']);
});

test('a part, or a folder of it, is copied by its one instruction', () => {
  const recipe = parseDockerfile('FROM scratch\nCOPY licenses/ /\nCOPY register/bin/ /bin/');
  const context = [file('register/bin/sh'), file('licenses/x')];
  expect(planPart(recipe, 'register', context).entries.map(({ path }) => path)).toEqual(['bin', 'bin/sh']);
  expect(planPart(recipe, 'licenses', context).createdBy).toBe('COPY licenses/ /');
});

test('a folder whose name only begins alike is another one', () => {
  expect(plan('COPY a/ /', file('a/x'), file('ab/y'))).toEqual([['x', 'file', 0o644, 'a/x']]);
});

test('entries are sorted by path, whatever order the context has', () => {
  expect(plan('COPY a/ /', file('a/c'), file('a/b/z'), file('a/b/a')).map(([path]) => path)).toEqual([
    'b',
    'b/a',
    'b/z',
    'c',
  ]);
});

test('a source that is not in the context is refused', () => {
  expect(() => plan('COPY nothing/ /', file('a'))).toThrow('the context has nothing for: COPY nothing/ /');
});

test('each part is copied by one instruction', () => {
  const recipe = parseDockerfile('FROM scratch\nCOPY register/ /\nCOPY register/ /again/');
  expect(() => planPart(recipe, 'register', [file('register/register')])).toThrow(
    '2 COPY instructions copy register/',
  );
  expect(() => planPart(recipe, 'licenses', [file('licenses/x')])).toThrow(
    '0 COPY instructions copy licenses/',
  );
  expect(() => planPart(parseDockerfile('FROM scratch\nCOPY . /'), 'register', [])).toThrow(
    'COPY copies one of register, emulators, licenses',
  );
});
