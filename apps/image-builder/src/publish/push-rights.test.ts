import { RegistryError } from '@qemu-user-static/oci-registry';
import { expect, test } from 'vitest';
import type { Destination } from './destination.ts';
import { pushRefused, pushRights } from './push-rights.ts';

const denied = new RegistryError('REGISTRY_DENIED', 'POST refused', { method: 'POST', address: 'r.example' });
const destination = (repository: string, tryPush: () => Promise<void>) =>
  ({ registry: 'r.example', repository, client: { tryPush } }) as unknown as Destination;
const open = destination('o/open', async () => undefined);
const closed = destination('o/closed', async () => {
  throw denied;
});

test('every repository is tried, and a refusal is the reason', async () => {
  expect(await pushRights([closed, open])).toEqual([
    { registry: 'r.example', repository: 'o/closed', refusal: denied },
    { registry: 'r.example', repository: 'o/open', refusal: null },
  ]);
});

test('a bug is not taken for a refusal', async () => {
  const bug = new TypeError('a bug');
  const broken = destination('o/q', async () => {
    throw bug;
  });
  await expect(pushRights([open, broken])).rejects.toBe(bug);
});

test('those that refuse are the failure, and no others', async () => {
  const rights = await pushRights([open, closed]);
  expect(pushRefused(rights)).toMatchObject({
    code: 'PUSH_REFUSED',
    message: `no push would be taken:\n  - r.example/o/closed: REGISTRY_DENIED: ${denied.message}`,
  });
  expect(pushRefused(rights.slice(0, 1))).toBe(undefined);
  expect(pushRefused([])).toBe(undefined);
});
