import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { readLock } from '@qemu-user-static/lock';
import { describe, expect, test } from 'vitest';
import { type Offered, type TrackedCheckout, trackedCheckout } from '../testing/tracked-checkout.ts';
import { command as updateCommand } from './update.ts';

const OLD: Offered = { 'linux/amd64': ['10.0.11', ['arm']], 'linux/arm/v7': ['10.0.11', ['arm']] };
const NEW: Offered = { 'linux/amd64': ['11.1.3', ['arm']], 'linux/arm/v7': ['10.0.11', ['arm']] };

const update = ({ environment }: TrackedCheckout, options: Parameters<typeof updateCommand.run>[0] = {}) =>
  updateCommand.run(options, environment);
const lockOf = ({ environment }: TrackedCheckout) => readFile(environment.paths.lock, 'utf8');

describe('update', () => {
  test('writes the lock where there is none, and again only where something changed', async () => {
    const checkout = await trackedCheckout();
    const { lock } = checkout.environment.paths;
    await checkout.offer(OLD);
    expect((await update(checkout)).text).toMatch(
      /^sources\.lock\.json is written:\n {2}- latest linux\/amd64 qemu-user: new, 1:10\.0\.11\+ds-1\n/,
    );
    expect((await readLock(lock)).channels.latest?.platforms['linux/amd64']?.version).toBe('10.0.11');

    const { ino } = await stat(lock);
    expect(await update(checkout)).toMatchObject({
      text: 'sources.lock.json is up to date',
      value: { upToDate: true, changes: [] },
    });
    expect((await stat(lock)).ino).toBe(ino);

    await checkout.offer(NEW);
    const { text, value } = await update(checkout);
    expect(text).toContain('\n  - latest linux/amd64 qemu-user: 1:10.0.11+ds-1 → 1:11.1.3+ds-1\n');
    expect(value).toMatchObject({ upToDate: false });
    expect((await readLock(lock)).channels.latest?.platforms['linux/amd64']?.version).toBe('11.1.3');
  });

  test('leaves a lock that cannot be read as it is', async () => {
    const checkout = await trackedCheckout();
    await checkout.offer(OLD);
    await writeFile(checkout.environment.paths.lock, '{"schemaVersion":');
    await expect(update(checkout)).rejects.toMatchObject({ name: 'LockError' });
    expect(await lockOf(checkout)).toBe('{"schemaVersion":');
  });

  test('accepts a Release that has expired only on request', async () => {
    const checkout = await trackedCheckout();
    await checkout.offer(OLD, { validUntil: new Date('2026-11-01T00:00:00Z') });
    await expect(update(checkout)).rejects.toMatchObject({ code: 'RELEASE_EXPIRED' });
    await update(checkout, { acceptExpired: true });
    expect((await readLock(checkout.environment.paths.lock)).channels.latest?.release.expired).toBe(true);
  });
});

describe('update --check', () => {
  test('is a failure where the lock is behind, which stays as it is', async () => {
    const checkout = await trackedCheckout();
    await checkout.offer(OLD);
    await checkout.adopt();
    const before = await lockOf(checkout);
    await checkout.offer(NEW);
    await expect(update(checkout, { check: true })).rejects.toMatchObject({
      code: 'LOCK_OUTDATED',
      message: expect.stringContaining('\n  - latest linux/amd64 qemu-user: 1:10.0.11+ds-1 → 1:11.1.3+ds-1'),
    });
    expect(await lockOf(checkout)).toBe(before);
  });

  test('is a failure without a lock, and none is written', async () => {
    const checkout = await trackedCheckout();
    await checkout.offer(OLD);
    await rm(checkout.environment.paths.lock, { force: true });
    await expect(update(checkout, { check: true })).rejects.toMatchObject({ code: 'LOCK_OUTDATED' });
    await expect(lockOf(checkout)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('is content where it is not', async () => {
    const checkout = await trackedCheckout();
    await checkout.offer(OLD);
    await checkout.adopt();
    expect((await update(checkout, { check: true })).text).toBe('sources.lock.json is up to date');
  });
});
