import { describe, expect, test } from 'vitest';
import { systemClock } from './clock.ts';

describe('a wait', () => {
  test('ends when its time is over', async () => {
    const before = performance.now();
    await systemClock.sleep(30);
    // A timer may fire a millisecond early.
    expect(performance.now() - before).toBeGreaterThanOrEqual(28);
  });

  test('ends at once with the reason of the signal that ends it', async () => {
    const stop = new AbortController();
    const waiting = systemClock.sleep(2000, stop.signal);
    const reason = new Error('the user is gone');
    stop.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await expect(systemClock.sleep(2000, stop.signal)).rejects.toBe(reason);
  });
});
