import { execFile, spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loading, systemError } from './limits.ts';
import { makeArchive } from './testing/archive.ts';
import { temporaryFolder } from './testing/folder.ts';
import { makePackage } from './testing/packages.ts';
import { serve } from './testing/server.ts';

test.each([
  ['too many open files', Object.assign(new Error('x'), { code: 'EMFILE' })],
  ['too many open files on the machine', Object.assign(new Error('x'), { code: 'ENFILE' })],
  ['too many processes', Object.assign(new Error('x'), { code: 'EAGAIN' })],
  ['no memory for a process', Object.assign(new Error('x'), { code: 'ENOMEM' })],
  ['no memory for zlib', Object.assign(new Error('x'), { code: 'Z_MEM_ERROR' })],
  ['no memory for a buffer', new RangeError('Array buffer allocation failed')],
])('%s is a limit of the machine', (_, cause) => {
  expect(systemError('TAR_MALFORMED', 'x', cause)).toMatchObject({ code: 'RESOURCES_EXHAUSTED', cause });
});

test.each([
  new RangeError('Invalid array length'),
  Object.assign(new Error('x'), { code: 'EACCES' }),
  'text',
])('any other cause is not: %s', (cause) => {
  expect(systemError('TAR_MALFORMED', 'x', cause).code).toBe('TAR_MALFORMED');
});

test('a module that a limit keeps from being loaded has a code; another failure is as it is', async () => {
  const limit = Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' });
  await expect(loading(Promise.reject(limit))).rejects.toMatchObject({
    code: 'RESOURCES_EXHAUSTED',
    message: limit.message,
  });
  const missing = new Error('Cannot find package');
  await expect(loading(Promise.reject(missing))).rejects.toBe(missing);
});

/** Runs `body` of a program that has `m`, this library, and a small archive on `mirror`; what it prints. */
async function run(body: string, shell: string): Promise<string> {
  const { key, files } = await makeArchive([await makePackage({}, [{ path: 'a', body: 'text' }])]);
  const server = await serve(files);
  onTestFinished(() => server.close());
  const script = `
    import * as m from ${JSON.stringify(join(import.meta.dirname, 'index.ts'))};
    import { closeSync, createReadStream, mkdtempSync, openSync, rmdirSync } from 'node:fs';
    const http = m.openHttp({});
    const mirror = new URL(${JSON.stringify(server.url)});
    const context = { mirror, snapshot: mirror, http, cache: ${JSON.stringify(await temporaryFolder())},
      keys: [${JSON.stringify(key.trusted)}], now: new Date('2026-11-23T12:00:00Z'), acceptExpired: false,
      retry: { attempts: 1, totalAttempts: 1, firstDelayMs: 1, maxDelayMs: 1, maxRetryAfterMs: 1 } };
    const read = async (given = {}) => {
      const sid = await m.openSuite(mirror, { origin: 'Debian', suite: 'unstable', codename: 'sid' }, { ...context, ...given });
      const found = (await m.fetchPackageIndex(sid, 'amd64', ['hello'])).get('hello');
      const path = await m.fetchFile(found, { ...context, ...given });
      for await (const entry of m.readDeb(createReadStream(path), found)) return entry.path;
    };
    const outcome = (work) => work.then((path) => 'read ' + path, (error) => error.code + (error.remedy ? '' : error.stack));
    ${body}
    await http.close();`;
  return new Promise((resolve, reject) => {
    const words = ['-c', shell, 'sh', process.execPath, script];
    execFile('sh', words, (error, stdout) => (error ? reject(error) : resolve(stdout)));
  });
}

test('with any number of file descriptors left, an archive is read, or the limit is named', async () => {
  const body = `
    await read({ cache: context.cache + '/first' });
    const seen = new Set();
    for (let left = 0; left < 30; left++) {
      const held = [];
      try { while (true) held.push(openSync('/dev/null')); } catch {}
      for (const one of held.splice(0, left)) closeSync(one);
      seen.add(await outcome(read({ cache: context.cache + '/' + left })));
      for (const one of held) closeSync(one);
    }
    console.log([...seen].sort().join());`;
  const printed = await run(body, 'ulimit -n 128; exec "$1" --input-type=module -e "$2"');
  expect(printed).toBe('RESOURCES_EXHAUSTED,read a\n');
});

test('in a working folder that was removed, an archive is read; a cache relative to it has a code', async () => {
  const body = `
    process.chdir(mkdtempSync(context.cache + '/gone-'));
    rmdirSync(process.cwd());
    console.log(await outcome(read()), await outcome(read({ cache: 'relative' })));`;
  expect(await run(body, 'exec "$1" --input-type=module -e "$2"')).toBe('read a CACHE_UNUSABLE\n');
});

test('with little address space for xz, the limit is named', async () => {
  // Of xz alone: Node itself reserves more than any such limit.
  const folder = await temporaryFolder();
  const xz = spawnSync('sh', ['-c', 'command -v xz'], { encoding: 'utf8' }).stdout.trim();
  await writeFile(join(folder, 'xz'), `#!/bin/sh\nulimit -v 1000\nexec ${xz} "$@"\n`, { mode: 0o755 });
  const shell = `export PATH=${folder}:$PATH; exec "$1" --input-type=module -e "$2"`;
  expect(await run('console.log(await outcome(read()));', shell)).toBe('RESOURCES_EXHAUSTED\n');
});
