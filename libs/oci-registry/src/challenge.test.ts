import { expect, test } from 'vitest';
import { parseChallenges } from './challenge.ts';

test('a token server with its service and scope', () => {
  const header =
    'Bearer realm="https://auth.example/token",service="registry.example",scope="repository:a/b:pull,push"';
  expect(parseChallenges(header)).toEqual([
    {
      scheme: 'bearer',
      parameters: {
        realm: 'https://auth.example/token',
        service: 'registry.example',
        scope: 'repository:a/b:pull,push',
      },
    },
  ]);
});

test('several challenges in one header, however they are spaced', () => {
  expect(
    parseChallenges('Negotiate, Basic realm="a, b" ,bearer  Realm = "r" , error=insufficient_scope'),
  ).toEqual([
    { scheme: 'negotiate', parameters: {} },
    { scheme: 'basic', parameters: { realm: 'a, b' } },
    { scheme: 'bearer', parameters: { realm: 'r', error: 'insufficient_scope' } },
  ]);
});

test('quoted strings with escapes, and the data of schemes we do not know', () => {
  expect(parseChallenges('Negotiate YIIB==, Basic realm="say \\"hi\\" \\\\o"')).toEqual([
    { scheme: 'negotiate', parameters: {} },
    { scheme: 'basic', parameters: { realm: 'say "hi" \\o' } },
  ]);
});

test('nothing comes of nothing or of nonsense', () => {
  expect(parseChallenges('')).toEqual([]);
  expect(parseChallenges('"oops"')).toEqual([]);
  expect(parseChallenges('Basic realm="unclosed')).toEqual([{ scheme: 'basic', parameters: {} }]);
});

test('a very long header is read in reasonable time', () => {
  const started = performance.now();
  parseChallenges(`Basic ${'realm="a\\\\", '.repeat(5000)}`);
  parseChallenges(`Basic realm="${'\\"'.repeat(20_000)}`);
  expect(performance.now() - started).toBeLessThan(1000);
});
