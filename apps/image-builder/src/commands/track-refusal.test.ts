import { answers } from '@qemu-user-static/debian-archive/testing';
import { expect, test } from 'vitest';
import { type Offered, trackedCheckout } from '../testing/tracked-checkout.ts';

const OFFERED: Offered = { 'linux/amd64': ['11.1.3', ['arm']], 'linux/arm/v7': ['11.1.3', ['arm']] };

test('a mirror that refuses needs no person: the run ends, and an issue that is open stays open', async () => {
  const checkout = await trackedCheckout();
  checkout.server.repository('qemu/qemu').refs.set('tags/v11.1.3', '0');
  await checkout.offer(OFFERED);
  await checkout.adopt();
  await checkout.offer(OFFERED, { validUntil: new Date('2026-11-01T00:00:00Z') });
  await checkout.track({ issue: true });
  const before = structuredClone(checkout.repository.threads);
  expect(before).toMatchObject([{ state: 'open' }]);
  await checkout.offer(OFFERED);
  checkout.mirror.faults.set('dists/sid/InRelease', [answers(403)]);
  await expect(checkout.track({ issue: true })).rejects.toMatchObject({ name: 'HttpStatusError' });
  expect(checkout.repository.threads).toEqual(before);
});
