import { expect, test } from 'vitest';
import { trackEarly } from './early.ts';

test('a fault of our own is not taken for packages that cannot be read', async () => {
  const broken = undefined as never;
  await expect(trackEarly(broken, broken, broken)).rejects.toThrow(TypeError);
});
