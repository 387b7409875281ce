import { describe, expect, test } from 'vitest';
import { RegistryError } from './errors.ts';
import type { RegistryEvent } from './events.ts';
import { createPatience, defaultRetryPolicy, delayAfter, parseRetryAfter, patiently } from './retry.ts';
import { fakeClock } from './testing/harness.ts';

const NOW = Date.parse('2026-11-23T12:00:00Z');
const request = { method: 'GET', address: 'https://r.example/v2/' };
const busy = (retryAfterMs?: number) =>
  new RegistryError('REGISTRY_RATE_LIMITED', '429', {
    ...request,
    temporary: true,
    ...(retryAfterMs && { retryAfterMs }),
  });

describe('Retry-After', () => {
  test.each([
    ['120', 120_000],
    ['0', 0],
    ['Mon, 23 Nov 2026 12:01:00 GMT', 60_000],
    ['Mon, 23 Nov 2026 11:00:00 GMT', 0],
    ['soon', undefined],
    [undefined, undefined],
  ])('%j is %j ms', (value, ms) => {
    expect(parseRetryAfter(value, NOW)).toBe(ms);
  });
});

test('delays double up to the longest, and chance decides half of each', () => {
  const policy = { ...defaultRetryPolicy, firstDelayMs: 100, maxDelayMs: 1000 };
  expect([1, 2, 3, 4, 5, 9].map((n) => delayAfter(n, policy, 0))).toEqual([50, 100, 200, 400, 500, 500]);
  expect([1, 2, 3, 4, 5, 9].map((n) => delayAfter(n, policy, 1))).toEqual([100, 200, 400, 800, 1000, 1000]);
});

test('what the registry asks for is the least, and clients told the same do not come at once', () => {
  expect(delayAfter(1, defaultRetryPolicy, 0, 7000)).toBe(7000);
  expect(delayAfter(1, defaultRetryPolicy, 0.99, 7000)).toBeGreaterThan(7000);
});

describe('patience', () => {
  const clock = fakeClock();
  const events: RegistryEvent[] = [];
  const patience = createPatience(
    { ...defaultRetryPolicy, attempts: 3 },
    clock,
    (event) => events.push(event),
    undefined,
  );

  test('ends after as many attempts as were allowed, with the error itself', async () => {
    const error = busy();
    let tries = 0;
    await expect(
      patiently(patience, async () => {
        tries++;
        throw error;
      }),
    ).rejects.toBe(error);
    expect(tries).toBe(3);
    expect(events).toMatchObject([
      { type: 'retry', attempt: 2, delayMs: 375 },
      { type: 'retry', attempt: 3, delayMs: 750 },
    ]);
  });

  test('does not wait for what is not temporary, nor longer than is sensible', async () => {
    const denied = new RegistryError('REGISTRY_DENIED', '403', { ...request, status: 403 });
    clock.sleeps.length = 0;
    await expect(patience.bear(denied, 1)).rejects.toBe(denied);
    await expect(patience.bear(new TypeError('a bug'), 1)).rejects.toThrow('a bug');
    await expect(patience.bear(busy(6 * 3600_000), 1)).rejects.toThrow('429');
    expect(clock.sleeps).toEqual([]);
  });
});
