import { RegistryError } from '@qemu-user-static/oci-registry';
import { expect, test } from 'vitest';
import { RateLimit } from './rate-limit.ts';

const limited = (retryAfterMs?: number) =>
  new RegistryError('REGISTRY_RATE_LIMITED', '429', {
    method: 'GET',
    address: 'https://r.example/v2/',
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });

function open() {
  const waits: number[] = [];
  const slept: number[] = [];
  const clock = { sleep: async (ms: number) => void slept.push(ms) };
  return { rateLimit: new RateLimit(clock, (ms) => waits.push(ms)), waits, slept };
}

/** Fails with each of these, then succeeds. */
const failing =
  (...errors: Error[]) =>
  async () => {
    const error = errors.shift();
    if (error !== undefined) throw error;
    return 'answer';
  };

test('a request that is refused for now is sent again, after as long as the registry asks for', async () => {
  const { rateLimit, waits, slept } = open();
  expect(await rateLimit.outlast(failing(limited(3_600_000), limited(5000)))).toBe('answer');
  expect([waits, slept]).toEqual([
    [3_600_000, 5000],
    [3_600_000, 5000],
  ]);
});

test('without a time it is a quarter of an hour, and never longer than the window of six hours', async () => {
  const { rateLimit, slept } = open();
  await rateLimit.outlast(failing(limited(), limited(1_700_000_000_000)));
  expect(slept).toEqual([900_000, 21_600_000]);
});

test('requests side by side wait once', async () => {
  const { rateLimit, slept } = open();
  const answers = [1, 2, 3].map(() => rateLimit.outlast(failing(limited(1000))));
  expect(await Promise.all(answers)).toEqual(['answer', 'answer', 'answer']);
  expect(slept).toEqual([1000]);
});

test('it is an error after 25 waits without an answer, and an answer starts the count again', async () => {
  const { rateLimit, slept } = open();
  const errors = (count: number) => Array.from({ length: count }, () => limited());
  await rateLimit.outlast(failing(...errors(25)));
  await rateLimit.outlast(failing(...errors(25)));
  await expect(rateLimit.outlast(failing(...errors(26)))).rejects.toMatchObject({
    code: 'REGISTRY_RATE_LIMITED',
  });
  expect(slept).toHaveLength(75);
});

test('any other error is final', async () => {
  const { rateLimit, slept } = open();
  const denied = new RegistryError('REGISTRY_DENIED', '403', { method: 'GET', address: '' });
  for (const error of [denied, new TypeError('a bug')])
    await expect(rateLimit.outlast(failing(error))).rejects.toBe(error);
  expect(slept).toEqual([]);
});
