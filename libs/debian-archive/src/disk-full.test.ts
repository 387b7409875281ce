import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from './testing/folder.ts';
import { sha256 } from './testing/packages.ts';
import { serve } from './testing/server.ts';

const NAMESPACE = ['--user', '--map-root-user', '--mount'];
const canMount = spawnSync('unshare', [...NAMESPACE, 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0;

test.skipIf(!canMount)('a full disk has an error of its own (user namespace)', async () => {
  const body = randomBytes(1 << 20);
  const server = await serve([['pool/a.deb', body]]);
  onTestFinished(() => server.close());
  const cache = await temporaryFolder();
  const file = {
    path: 'pool/a.deb',
    size: body.length,
    sha256: sha256(body),
    package: 'a',
    version: '1',
    architecture: 'all',
  };
  const script = `
    import { fetchFile, openHttp } from ${JSON.stringify(join(import.meta.dirname, 'index.ts'))};
    const http = openHttp({});
    const mirror = new URL(${JSON.stringify(server.url)});
    const context = { mirror, snapshot: mirror, cache: ${JSON.stringify(cache)}, http };
    await fetchFile(${JSON.stringify(file)}, context).catch(({ code }) => console.log(code));
    await http.close();`;
  const mountAndRun = `mount -t tmpfs -o size=64k,mode=700 tmpfs "$1" && exec "$2" --input-type=module -e "$3"`;
  const arguments_ = [...NAMESPACE, 'sh', '-c', mountAndRun, 'sh', cache, process.execPath, script];
  const child = spawn('unshare', arguments_, { stdio: ['ignore', 'pipe', 'inherit'] });
  expect(await text(child.stdout)).toBe('DISK_FULL\n');
});
