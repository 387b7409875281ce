import type { UpdateContext } from '@qemu-user-static/lock';
import { expect, test } from 'vitest';
import { trackEarly } from './early.ts';

test('a fault of our own is not taken for packages that cannot be read', async () => {
  const notes: unknown[] = [];
  const context = { onEvent: (event: unknown) => notes.push(event) } as unknown as UpdateContext;
  const broken = undefined as never;
  await expect(trackEarly(broken, broken, context)).rejects.toThrow(TypeError);
  expect(notes).toEqual([]);
});
