import { spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fetchFile } from '@qemu-user-static/debian-archive';
import { lockedChannelOf, platformsOf, readLock } from '@qemu-user-static/lock';
import { renderRegisterScript } from '@qemu-user-static/register';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openEnvironment } from '../commands/environment.ts';
import { registerContext } from '../images/context.ts';
import { ownPlatform } from '../images/platforms.ts';
import { extractShell } from './extract.ts';

const environment = await openEnvironment(process.env, {}, () => undefined);
const lock = await readLock(environment.paths.lock);
const offline = process.env.OFFLINE !== undefined && process.env.OFFLINE !== '';
const platform = ownPlatform();
const folder = await mkdtemp(join(tmpdir(), 'applets-'));
afterAll(async () => {
  await environment.close();
  await rm(folder, { recursive: true, force: true });
});

const channels = Object.keys(lock.channels).filter((channel) =>
  platformsOf(lockedChannelOf(lock, channel)).some(([name]) => name === platform),
);

/** The files of the register image of a channel for this machine, in a folder. */
async function unpack(channel: string, root: string): Promise<void> {
  const locked = platformsOf(lockedChannelOf(lock, channel)).find(([name]) => name === platform)?.[1].shell;
  if (locked === undefined || platform === null) throw new Error(`${channel} has nothing for this machine`);
  const { program } = await extractShell(
    await fetchFile(locked, await environment.archive()),
    locked,
    platform,
  );
  for (const { path, type, mode, linkname, content } of registerContext(
    renderRegisterScript('https://example.org/o/r'),
    program,
    [],
  )) {
    const target = join(root, path.replace(/^register\//, ''));
    await mkdir(dirname(target), { recursive: true });
    if (type === 'symlink') await symlink(linkname ?? '', target);
    else if (type === 'directory') await mkdir(target);
    else await writeFile(target, content);
    if (type !== 'symlink') await chmod(target, mode);
  }
}

describe.skipIf(offline || platform === null).each(channels)('the shell of %s (network)', (channel) => {
  const root = join(folder, channel);
  beforeAll(() => unpack(channel, root), 600_000);

  test('has a link for every applet that busybox lists', async () => {
    const { stdout } = spawnSync(join(root, 'bin/busybox'), ['--list'], { encoding: 'utf8' });
    expect(stdout.split('\n').length).toBeGreaterThan(200);
    expect((await readdir(join(root, 'bin'))).sort()).toEqual(
      [...new Set([...stdout.trim().split('\n'), 'busybox'])].sort(),
    );
  });
});

const canChroot = spawnSync('unshare', ['--user', '--map-root-user', '/bin/true']).status === 0;

describe.skipIf(offline || platform === null || !canChroot)('in the image (network, user namespace)', () => {
  const root = join(folder, 'image');
  beforeAll(() => unpack('latest', root), 600_000);
  const run = (...command: string[]) => {
    const { stdout, stderr } = spawnSync(
      'unshare',
      ['--user', '--map-root-user', 'chroot', root, ...command],
      {
        encoding: 'utf8',
        env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' },
      },
    );
    return (stdout + stderr).trim();
  };

  test('scripts are copied out under the name of QEMU’s own', async () => {
    expect(run('sh', '-c', 'mkdir /out && cp /*.sh /out')).toBe('');
    const copied = await readFile(join(root, 'out/qemu-binfmt-conf.sh'), 'utf8');
    expect(copied).toBe(await readFile(join(root, 'register'), 'utf8'));
    expect(run('cp', '/qemu-binfmt-conf.sh', '/tmp/')).toBe('');
    expect(run('readlink', '-f', '/qemu-binfmt-conf.sh')).toBe('/register');
  });

  test.each([
    [['/bin/sleep', '0'], ''],
    [['sleep', '0'], ''],
    [['sh', '-c', 'cd / && tar czf /tmp/etc.tgz etc && tar tzf /tmp/etc.tgz'], 'etc/\netc/group\netc/passwd'],
    [['/usr/bin/env', 'echo', 'found'], 'found'],
    [['id', '-un'], 'root'],
    [['stat', '-c', '%U %G', '/etc/passwd'], 'root root'],
    [['sh', '-c', 'grep -c "^nobody:x:65534:" /etc/passwd /etc/group'], '/etc/passwd:1\n/etc/group:1'],
  ])('%j', (command, printed) => {
    expect(run(...command)).toBe(printed);
  });
});
