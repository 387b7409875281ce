import { homedir } from 'node:os';
import { describe, expect, test } from 'vitest';
import { cacheFolder } from './index.ts';

describe('the cache folder', () => {
  test.each([
    ['/var/cache/me/qemu-user-static', { XDG_CACHE_HOME: '/var/cache/me', HOME: '/home/me' }],
    ['/home/me/.cache/qemu-user-static', { HOME: '/home/me' }],
    ['/home/me/.cache/qemu-user-static', { XDG_CACHE_HOME: '', HOME: '/home/me' }],
    ['/home/me/.cache/qemu-user-static', { XDG_CACHE_HOME: 'relative', HOME: '/home/me' }],
    [`${homedir()}/.cache/qemu-user-static`, {}],
  ])('is %s for %o', (folder, environment) => {
    expect(cacheFolder(environment)).toBe(folder);
  });
});
