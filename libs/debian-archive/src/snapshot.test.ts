import { createHash, randomBytes } from 'node:crypto';
import { chmod } from 'node:fs/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { downloadSourceFromSnapshot, fetchFile } from './index.ts';
import { body, type FetchSetup, file, PATH, prepareFetch, refusal } from './testing/fetching.ts';
import { answers, dropsAfter, type Fault, hangs } from './testing/server.ts';

let setup: FetchSetup;

beforeEach(async () => {
  setup = await prepareFetch();
});

describe('a package that has left the pool', () => {
  const sha1 = createHash('sha1').update(body).digest('hex');
  const other = 'ab'.repeat(20);
  const question = 'mr/binary/qemu-user/1:1.0+ds-1/binfiles?fileinfo=1';
  const known = (hash = sha1, size = body.length, architecture = 'amd64') => ({
    result: [
      { architecture: 'arm64', hash: other },
      { architecture, hash },
    ],
    fileinfo: {
      [hash]: [{ name: 'x.deb', archive_name: 'debian', path: '/pool', size, first_seen: '2026' }],
    },
  });
  const holds = (answer: unknown, ...files: [string, Uint8Array][]) => {
    setup.snapshot.files.set(question, Buffer.from(JSON.stringify(answer)));
    for (const [path, content] of files) setup.snapshot.files.set(path, content);
  };

  beforeEach(() => {
    setup.mirror.files.delete(PATH);
  });

  test('comes from the snapshot service, which is asked by name, version and architecture', async () => {
    holds(known(), [`file/${sha1}`, body]);
    await setup.expectFetched();
    expect(setup.snapshot.requests).toEqual([`GET ${question}`, `GET file/${sha1}`]);
    expect(setup.happened()).toEqual(['snapshot', 'fetch-start', 'fetch-done']);
  });

  test('comes from there after 410 too, and continues what the mirror sent', async () => {
    setup.mirror.files.set(PATH, body);
    setup.faults(setup.dropsAfter(10_000), answers(410));
    holds(known(), [`file/${sha1}`, body]);
    await setup.expectFetched();
    expect(setup.snapshot.requests.at(-1)).toBe(`GET file/${sha1} bytes=10000-`);
  });

  test('comes from there if one of several files of that name is the one', async () => {
    const answer = {
      result: [{ architecture: 'amd64', hash: other }, ...known().result],
      fileinfo: { ...known().fileinfo, [other]: [{ size: body.length }] },
    };
    holds(answer, [`file/${other}`, randomBytes(body.length)], [`file/${sha1}`, body]);
    await setup.expectFetched();
  });

  test.each<[string, Uint8Array | undefined]>([
    ['is gone', undefined],
    ['is longer', Buffer.concat([body, body])],
    ['is another', randomBytes(body.length)],
  ])('comes from there under the next hash if the file of the first %s', async (_, first) => {
    const answer = {
      result: [{ architecture: 'amd64', hash: other }, ...known().result],
      fileinfo: { ...known().fileinfo, [other]: [{ size: body.length }] },
    };
    holds(answer, ...(first === undefined ? [] : [[`file/${other}`, first] as [string, Uint8Array]]));
    setup.snapshot.files.set(`file/${sha1}`, body);
    await setup.expectFetched();
    expect(setup.snapshot.requests.at(-1)).toBe(`GET file/${sha1}`);
  });

  test('comes from there if one of several sizes of the hash is the one, and of another hash none is known', async () => {
    const { result, fileinfo } = known();
    holds(
      {
        result: [{ architecture: 'amd64', hash: other }, ...result],
        fileinfo: { [sha1]: [{ size: 5 }, ...(fileinfo[sha1] ?? [])] },
      },
      [`file/${sha1}`, body],
    );
    await setup.expectFetched();
  });

  test('is not asked for under the next hash if the service refuses the first', async () => {
    const { result, fileinfo } = known();
    holds(
      {
        result: [{ architecture: 'amd64', hash: other }, ...result],
        fileinfo: { ...fileinfo, [other]: [{ size: body.length }] },
      },
      [`file/${sha1}`, body],
    );
    setup.snapshot.faults.set(`file/${other}`, [answers(403)]);
    expect(await refusal(fetchFile(file, setup.context))).toBe('FILE_GONE_EVERYWHERE');
    expect(setup.snapshot.requests.at(-1)).toBe(`GET file/${other}`);
  });

  test.each<[string, Fault]>([
    ['refuses', answers(403)],
    ['fails', answers(500)],
    ['drops the connection', dropsAfter(0)],
    ['falls silent', hangs],
  ])('FILE_GONE_EVERYWHERE if the service %s, for its question and for its file', async (_, fault) => {
    const context = setup.impatient();
    setup.snapshot.faults.set(question, [fault, fault, fault]);
    expect(await refusal(fetchFile(file, context))).toBe('FILE_GONE_EVERYWHERE');
    holds(known(), [`file/${sha1}`, body]);
    setup.snapshot.faults.set(`file/${sha1}`, [fault, fault, fault]);
    expect(await refusal(fetchFile(file, context))).toBe('FILE_GONE_EVERYWHERE');
  });

  test('is asked for under eight hashes at most, each once', async () => {
    const hashes = Array.from({ length: 20 }, (_, i) => String(i).padStart(40, '0')).flatMap((hash) => [
      hash,
      hash,
    ]);
    holds({
      result: hashes.map((hash) => ({ architecture: 'amd64', hash })),
      fileinfo: Object.fromEntries(hashes.map((hash) => [hash, [{ size: body.length }]])),
    });
    expect(await refusal(fetchFile(file, setup.context))).toBe('FILE_GONE_EVERYWHERE');
    expect(setup.snapshot.requests).toHaveLength(9);
  });

  test.each([
    ['FILE_GONE_EVERYWHERE', 'knows no such version', undefined],
    ['FILE_GONE_EVERYWHERE', 'knows it for another architecture only', known(sha1, body.length, 'armhf')],
    ['FILE_GONE_EVERYWHERE', 'knows it with another size only', known(sha1, 5)],
    ['FILE_GONE_EVERYWHERE', 'answers with something else', { hello: 'world' }],
    ['FILE_GONE_EVERYWHERE', 'names a hash that is a path', known('../../../etc/passwd')],
    ['FILE_GONE_EVERYWHERE', 'names a path that ends in a hash', known(`../${sha1}`)],
    ['FILE_GONE_EVERYWHERE', 'names a path that begins with a hash', known(`${sha1}/..`)],
  ])('%s if the service %s', async (code, _, answer) => {
    if (answer) holds(answer, [`file/${sha1}`, body]);
    expect(await refusal(fetchFile(file, setup.context))).toBe(code);
    expect(setup.snapshot.requests).toEqual([`GET ${question}`]);
  });

  test('HASH_DIFFERS if the service gives something else', async () => {
    holds(known(), [`file/${sha1}`, randomBytes(body.length)]);
    expect(await refusal(fetchFile(file, setup.context))).toBe('HASH_DIFFERS');
  });

  test('FILE_GONE_EVERYWHERE, with the cause, if the service cannot be reached', async () => {
    await setup.snapshot.close();
    await expect(fetchFile(file, setup.context)).rejects.toMatchObject({
      code: 'FILE_GONE_EVERYWHERE',
      message: 'qemu-user 1:1.0+ds-1 for amd64',
      cause: { code: 'CONNECTION_FAILED' },
    });
  });
});

describe('a file of a source package', () => {
  const sha1 = createHash('sha1').update(body).digest('hex');

  test('comes from the snapshot service, which is asked by the source’s name and version', async () => {
    const answer = { result: [{ hash: sha1 }], fileinfo: { [sha1]: [{ size: body.length }] } };
    const question = 'mr/package/qemu/1:1.0+ds-1/srcfiles?fileinfo=1';
    setup.snapshot.files.set(question, Buffer.from(JSON.stringify(answer)));
    setup.snapshot.files.set(`file/${sha1}`, body);
    const source = { name: 'qemu', version: '1:1.0+ds-1' };
    const { snapshot } = setup.context;
    expect(await downloadSourceFromSnapshot(file, source, snapshot, setup.context)).toBe(setup.cached);
    expect(setup.snapshot.requests).toEqual([`GET ${question}`, `GET file/${sha1}`]);
    await chmod(setup.context.cache, 0o777);
    const again = downloadSourceFromSnapshot(file, source, snapshot, setup.context);
    expect(await refusal(again)).toBe('CACHE_NOT_OWN');
  });
});
