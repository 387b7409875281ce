import { describe, expect, test } from 'vitest';
import { ArchiveError } from './errors.ts';
import { HttpStatusError } from './http.ts';
import { delayAfter } from './retry.ts';

const POLICY = { attempts: 5, firstDelay: 500, longestDelay: 3000 };
const dropped = new ArchiveError('CONNECTION_DROPPED', 'x');
const status = (code: number, retryAfter?: number) =>
  new HttpStatusError(new URL('http://a.example/'), code, retryAfter);

describe('the pause before another attempt', () => {
  test('doubles up to a limit, half of it by chance', () => {
    const delays = (random: number) =>
      [1, 2, 3, 4].map((failures) => delayAfter(dropped, failures, POLICY, random));
    expect(delays(0)).toEqual([250, 500, 1000, 1500]);
    expect(delays(0.5)).toEqual([375, 750, 1500, 2250]);
  });

  test('is at least what the server asks for', () => {
    expect(delayAfter(status(429, 2000), 1, POLICY, 0)).toBe(2000);
    expect(delayAfter(status(503, 1), 1, POLICY, 0)).toBe(250);
  });

  test('is not made if the server asks for more than we wait', () => {
    expect(delayAfter(status(503, 3001), 1, POLICY, 0)).toBeNull();
  });

  test('is not made after the last attempt', () => {
    expect(delayAfter(dropped, 5, POLICY, 0)).toBeNull();
  });

  test.each([status(404), status(403), new ArchiveError('DISK_FULL', 'x'), new Error('a bug'), 'text'])(
    'is not made where trying again is no use: %s',
    (error) => {
      expect(delayAfter(error, 1, POLICY, 0)).toBeNull();
    },
  );
});
