import { expect, test } from 'vitest';
import { ArchiveError, type ArchiveErrorCode } from './errors.ts';
import { HttpStatusError } from './http.ts';
import { passing } from './transfer.ts';

const status = (code: number, retryAfter?: number) =>
  new HttpStatusError(new URL('http://a.example/'), code, retryAfter);
const error = (code: ArchiveErrorCode) => new ArchiveError(code, 'x');

test.each([
  error('HOST_NOT_FOUND'),
  error('CONNECTION_FAILED'),
  error('CONNECTION_DROPPED'),
  error('CONNECTION_TIMEOUT'),
  status(429),
  status(500),
  status(503),
])('may pass: %s', (failure) => {
  expect(passing(failure, 1)).toEqual({ retryAfterMs: undefined });
});

test.each([
  status(404),
  status(403),
  error('DISK_FULL'),
  error('HTTP_MALFORMED'),
  error('RESOURCES_EXHAUSTED'),
  new Error('a bug'),
  'text',
])('is final: %s', (failure) => {
  expect(passing(failure, 1000)).toBeUndefined();
});

test('is final when the time is over, or would be before the server may be asked again', () => {
  expect(passing(error('CONNECTION_DROPPED'), 0)).toBeUndefined();
  expect(passing(status(503, 2000), 2000)).toBeUndefined();
  expect(passing(status(503, 2000), 2001)).toEqual({ retryAfterMs: 2000 });
});
