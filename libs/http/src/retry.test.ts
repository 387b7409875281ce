import { describe, expect, test } from 'vitest';
import type { Clock } from './clock.ts';
import { defaultRetryPolicy, delayAfter, parseRetryAfter, Retries, type RetryPolicy } from './retry.ts';

const NOW = Date.parse('2026-11-23T12:00:00Z');

describe('Retry-After', () => {
  test.each([
    ['120', 120_000],
    [' 7 ', 7000],
    ['0', 0],
    ['Mon, 23 Nov 2026 12:01:00 GMT', 60_000],
    ['Mon, 23 Nov 2026 11:00:00 GMT', 0],
    ['soon', undefined],
    ['7 s', undefined],
    ['x7', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%j is %j ms', (value, ms) => {
    expect(parseRetryAfter(value, NOW)).toBe(ms);
  });
});

test('delays double up to the longest, and half of each is random', () => {
  const policy = { ...defaultRetryPolicy, firstDelayMs: 100, maxDelayMs: 1000 };
  expect([1, 2, 3, 4, 5, 9].map((n) => delayAfter(n, policy, 0))).toEqual([50, 100, 200, 400, 500, 500]);
  expect([1, 2, 3, 4, 5, 9].map((n) => delayAfter(n, policy, 1))).toEqual([100, 200, 400, 800, 1000, 1000]);
});

test('what the server asks for is the minimum, and clients that got the same answer do not return together', () => {
  expect(delayAfter(1, defaultRetryPolicy, 0, 7000)).toBe(7000);
  expect(delayAfter(1, defaultRetryPolicy, 0.99, 7000)).toBeGreaterThan(7000);
  expect(delayAfter(9, defaultRetryPolicy, 0, 7000)).toBe(7000);
});

/** Retries of errors that may pass, which are numbers: how long the server asks to wait. */
function open(policy: Partial<RetryPolicy> = {}) {
  const sleeps: number[] = [];
  const reported: [unknown, number, number][] = [];
  const clock: Clock = {
    now: () => NOW,
    random: () => 0.5,
    sleep: async (ms) => void sleeps.push(ms),
  };
  const retries = new Retries({
    policy: { ...defaultRetryPolicy, ...policy },
    clock,
    judge: (error) => (typeof error === 'number' ? { retryAfterMs: error } : undefined),
    onRetry: (...report) => void reported.push(report),
  });
  return { retries, sleeps, reported };
}

/** Fails with each of these, then succeeds with the number of attempts. */
function failing(...errors: unknown[]) {
  let attempts = 0;
  return async () => {
    attempts++;
    if (errors.length > 0) throw errors.shift();
    return attempts;
  };
}

describe('trying again', () => {
  test('ends with the first success, and reports each wait before it begins', async () => {
    const { retries, sleeps, reported } = open();
    expect(await retries.run(failing(0, 3000))).toBe(3);
    expect(reported).toEqual([
      [0, 2, 375],
      [3000, 3, 3125],
    ]);
    expect(sleeps).toEqual([375, 3125]);
  });

  test('ends after as many attempts in a row as were allowed, with the last error', async () => {
    const { retries, sleeps } = open({ attempts: 3 });
    await expect(retries.run(failing(0, 0, 1, 0))).rejects.toBe(1);
    expect(sleeps).toHaveLength(2);
  });

  test('does not wait for what cannot pass, nor longer than allowed', async () => {
    const { retries, sleeps } = open({ maxRetryAfterMs: 5000 });
    await expect(retries.run(failing('a bug'))).rejects.toBe('a bug');
    await expect(retries.run(failing(5001))).rejects.toBe(5001);
    expect(sleeps).toEqual([]);
    expect(await retries.run(failing(5000))).toBe(2);
  });

  test('counts from the beginning after progress, with the shortest wait', async () => {
    const { retries, sleeps } = open({ attempts: 3, totalAttempts: 99 });
    const tries = retries.begin();
    for (let times = 0; times < 10; times++) {
      tries.progressed();
      await tries.failed(0);
    }
    expect(sleeps).toEqual(Array.from({ length: 10 }, () => 375));
  });

  test('ends in all after so many attempts, whatever progress they make', async () => {
    const { retries, sleeps } = open({ attempts: 3, totalAttempts: 5 });
    const attempts = retries.run(async (tries) => {
      tries.progressed();
      throw 0;
    });
    await expect(attempts).rejects.toBe(0);
    expect(sleeps).toHaveLength(4);
  });
});
