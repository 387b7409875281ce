import { HOST_PLATFORMS, host } from '@qemu-user-static/arch-table';
import { expect, test, vi } from 'vitest';
import { hostPlatformOf, ociPlatform, ownPlatform, platformName } from './platforms.ts';

test('a platform has a variant only where the table has one', () => {
  expect(ociPlatform('linux/amd64')).toEqual({ os: 'linux', architecture: 'amd64' });
  expect(Object.keys(ociPlatform('linux/amd64'))).not.toContain('variant');
  expect(ociPlatform('linux/arm/v7')).toEqual({ os: 'linux', architecture: 'arm', variant: 'v7' });
});

test('a platform in one word is that of the table, and the way back', () => {
  for (const platform of HOST_PLATFORMS) {
    expect(platformName(ociPlatform(platform))).toBe(platform);
    expect(hostPlatformOf(ociPlatform(platform))).toBe(platform);
  }
  expect(() => hostPlatformOf({ os: 'linux', architecture: 'vax' })).toThrow('vax');
});

const MACHINE = vi.hoisted(() => ({ name: '' }));
vi.mock('node:os', async (original) => ({
  ...(await original<typeof import('node:os')>()),
  machine: () => MACHINE.name,
}));

test('this machine is the platform whose CPU uname(1) names', () => {
  for (const platform of HOST_PLATFORMS) {
    MACHINE.name = host(platform).uname;
    expect(ownPlatform()).toBe(platform);
  }
  MACHINE.name = 'vax';
  expect(ownPlatform()).toBeNull();
});
