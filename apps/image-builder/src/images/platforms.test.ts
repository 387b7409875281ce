import { machine } from 'node:os';
import { HOST_PLATFORMS, host } from '@qemu-user-static/arch-table';
import { expect, test } from 'vitest';
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

test('this machine is the platform whose CPU uname(1) names', () => {
  const own = ownPlatform();
  const names = HOST_PLATFORMS.map((platform) => host(platform).uname);
  expect(own === null ? null : host(own).uname).toBe(names.includes(machine()) ? machine() : null);
});
