import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { connectEngine } from './index.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => unknown;

const VERSION = {
  Version: '26.1.5',
  Os: 'linux',
  Arch: 'arm64',
  Platform: { Name: 'Docker Engine - Community' },
};

let folder: string;
let server: Server;
/** The engine's answers, by method and path without the API's version. */
let answers: Record<string, Answer>;
let asked: { call: string; query: string; body: Buffer }[];

const json =
  (value: unknown, status = 200): Answer =>
  (_, response) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
const lines =
  (...values: string[]): Answer =>
  (_, response) =>
    response.end(values.map((one) => `${one}\n`).join(''));

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'engine-'));
  answers = { 'GET /version': json(VERSION) };
  asked = [];
  server = createServer(async (request, response) => {
    const path = (request.url ?? '').replace(/^\/v[\d.]+/, '').replace(/\?.*/, '');
    const call = `${request.method} ${path}`;
    const query = /\?(.*)/.exec(request.url ?? '')?.[1] ?? '';
    asked.push({ call, query, body: await buffer(request) });
    const answer = answers[call] ?? json({ message: `no answer to ${call}` }, 404);
    answer(request, response);
  });
  const socket = join(folder, 'engine.sock');
  await new Promise<void>((done) => server.listen(socket, done));
  vi.stubEnv('DOCKER_HOST', `unix://${socket}`);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
  await rm(folder, { recursive: true });
});

async function* archive(...chunks: string[]) {
  for (const chunk of chunks) yield Buffer.from(chunk);
}

describe('an engine', () => {
  test('is described by its name, version and platform', async () => {
    expect(await connectEngine()).toMatchObject({
      description: 'Docker Engine - Community 26.1.5 (linux/arm64)',
      platform: 'linux/arm64',
    });
  });

  test.each([
    [
      { ...VERSION, Platform: { Name: '' }, Components: [{ Name: 'Podman Engine' }] },
      'Podman Engine 26.1.5 (linux/arm64)',
    ],
    [
      { ...VERSION, Platform: undefined, Components: [{ Name: 'Engine' }] },
      'Docker Engine 26.1.5 (linux/arm64)',
    ],
    [{ ...VERSION, Platform: undefined }, 'engine 26.1.5 (linux/arm64)'],
  ])('without a name of its platform is called otherwise', async (version, description) => {
    answers['GET /version'] = json(version);
    expect((await connectEngine()).description).toBe(description);
  });

  test('of a CPU that the table does not have has no platform', async () => {
    answers['GET /version'] = json({ ...VERSION, Arch: 'vax' });
    expect((await connectEngine()).platform).toBeNull();
  });

  test('that does not answer is an error that says why', async () => {
    vi.stubEnv('DOCKER_HOST', `unix://${join(folder, 'nowhere.sock')}`);
    await expect(connectEngine()).rejects.toMatchObject({
      code: 'ENGINE_UNREACHABLE',
      message: expect.stringContaining('ENOENT'),
    });
  });
});

describe('load', () => {
  test('sends the archive, and returns what the engine printed', async () => {
    answers['POST /images/load'] = lines('{"stream":"Loaded image: "}', '', '{"stream":"o/q:latest\\n"}');
    const engine = await connectEngine();
    expect(await engine.load(archive('one', 'two'))).toBe('Loaded image: o/q:latest');
    expect(asked.at(-1)?.body.toString()).toBe('onetwo');
    expect(asked.at(-1)?.query).toBe('quiet=true');
  });

  test.each<[string, Answer, string]>([
    ['in its progress', lines('{"stream":"x"}', '{"error":"no \\u001b[2Jspace"}'), 'no \\u{1b}[2Jspace'],
    ['by its status', json({ message: 'not an archive' }, 400), 'not an archive'],
    ['by an answer that is not JSON', lines('<html>'), 'its answer is not JSON: <html>'],
    ['by an answer without a word', lines('null'), 'its answer does not name an image'],
    ['by an answer of white space', lines('{"stream":" \\n"}', '  '), 'its answer does not name an image'],
    ['by a long answer that is not JSON', lines('<'.repeat(500)), `JSON: ${'<'.repeat(200)}`],
  ])('is an error where the engine refuses %s', async (_, answer, message) => {
    answers['POST /images/load'] = answer;
    const engine = await connectEngine();
    await expect(engine.load(archive('x'))).rejects.toMatchObject({
      code: 'ENGINE_REFUSED',
      message: expect.stringContaining(message),
    });
  });
});

test('an engine without the names of its components is called an engine', async () => {
  answers['GET /version'] = json({ ...VERSION, Platform: undefined, Components: [] });
  expect((await connectEngine()).description).toBe('engine 26.1.5 (linux/arm64)');
});

// BuildKit's session takes an engine: build/engine-build.e2e.test.ts of image-builder.
test('build is an error where the engine has no BuildKit', async () => {
  const building = (await connectEngine()).build(archive('x'), {
    platform: 'linux/arm64',
    name: 'o/q:latest',
  });
  await expect(building).rejects.toMatchObject({
    code: 'ENGINE_BUILD_FAILED',
    message: expect.stringContaining('the engine did not build o/q:latest: (HTTP code 404)'),
  });
});

describe('run', () => {
  /** A frame of what a container wrote: 8 bytes of header, then text. */
  const frame = (stream: number, text: string) => {
    const header = Buffer.from([stream, 0, 0, 0, 0, 0, 0, 0]);
    header.writeUInt32BE(Buffer.byteLength(text), 4);
    return Buffer.concat([header, Buffer.from(text)]);
  };
  beforeEach(() => {
    answers['POST /containers/create'] = json({ Id: 'c1' }, 201);
    answers['POST /containers/c1/start'] = (_, response) => response.writeHead(204).end();
    answers['POST /containers/c1/wait'] = json({ StatusCode: 3 });
    answers['DELETE /containers/c1'] = (_, response) => response.writeHead(204).end();
    answers['GET /containers/c1/logs'] = (_, response) => response.end();
  });
  const run = async (more = {}) =>
    (await connectEngine()).run({ image: 'o/q', words: ['--status'], ...more });
  const bodyOf = (call: string) => JSON.parse(asked.find((one) => one.call === call)?.body.toString() ?? '');

  test('returns how the container ended, and what it wrote to each stream, in whatever pieces', async () => {
    const bytes = Buffer.concat([frame(1, 'one '), frame(2, 'oh '), frame(1, 'two ü'), frame(2, 'no')]);
    answers['GET /containers/c1/logs'] = async (_, response) => {
      for (const byte of bytes) {
        response.write(Buffer.from([byte]));
        await new Promise(setImmediate);
      }
      response.end();
    };
    expect(await run()).toEqual({ code: 3, stdout: 'one two ü', stderr: 'oh no' });
  });

  test('gives the container no network, and the rights that were asked for', async () => {
    await run({ entrypoint: ['/bin/sh'], rights: { name: '--privileged', host: { Privileged: true } } });
    expect(bodyOf('POST /containers/create')).toMatchObject({
      Image: 'o/q',
      Entrypoint: ['/bin/sh'],
      Cmd: ['--status'],
      HostConfig: { NetworkMode: 'none', Privileged: true },
    });
  });

  test('leaves the entry point to the image where none is asked for', async () => {
    await run();
    expect(bodyOf('POST /containers/create')).not.toHaveProperty('Entrypoint');
  });

  test('of a program that cannot be started says why, and leaves no container', async () => {
    answers['POST /containers/c1/start'] = json({ message: 'exec format error' }, 400);
    expect(await run()).toEqual({ code: null, stdout: '', stderr: 'exec format error' });
    expect(asked.at(-1)).toMatchObject({ call: 'DELETE /containers/c1', query: 'force=true' });
  });

  test('asks for what was written to both streams, to the end', async () => {
    await run();
    const { query } = asked.find(({ call }) => call === 'GET /containers/c1/logs') ?? {};
    expect(Object.fromEntries(new URLSearchParams(query))).toEqual({
      stdout: 'true',
      stderr: 'true',
      follow: 'true',
    });
    expect(bodyOf('POST /containers/create').HostConfig.LogConfig).toEqual({ Type: 'json-file', Config: {} });
  });

  test('that the engine loses is an error, and leaves no container', async () => {
    answers['POST /containers/c1/wait'] = json({ message: 'gone' }, 500);
    await expect(run()).rejects.toThrow('gone');
    expect(asked.at(-1)?.call).toBe('DELETE /containers/c1');
  });
});

test('an image is removed by its name', async () => {
  answers['DELETE /images/o/q'] = json([]);
  await (await connectEngine()).removeImage('o/q');
  expect(asked.at(-1)).toMatchObject({ call: 'DELETE /images/o/q', query: 'force=true' });
});
