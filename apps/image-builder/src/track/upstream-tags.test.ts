import { temporaryFolder } from '@qemu-user-static/debian-archive/testing';
import { answers, type Fault, openedGitHub } from '@qemu-user-static/github/testing';
import { expect, test } from 'vitest';
import { upstreamTags } from './upstream-tags.ts';

test('all pages are read, and the next time only what changed; new tags are reported', async () => {
  const { github, server } = await openedGitHub();
  const cache = await temporaryFolder();
  const qemu = server.repository('qemu/qemu');
  for (let patch = 0; patch < 230; patch++) qemu.refs.set(`tags/v1.0.${patch}`, '0');

  const first = await upstreamTags(github, cache);
  expect([first.tags.length, first.fresh]).toEqual([230, []]);
  await first.remember();
  server.requests.length = 0;

  expect(await upstreamTags(github, cache)).toMatchObject({ tags: first.tags, fresh: [] });
  expect(server.requests.map((request) => request.slice(-3))).toEqual(['304', '304', '304']);

  qemu.refs.set('tags/v0.9.9', '0');
  server.faults.push({ on: /tags$/, fault: answers(502) });
  expect((await upstreamTags(github, cache)).fresh).toEqual(['v0.9.9']);
});

test('a refusal is an error, though an earlier answer is kept', async () => {
  const { github, server } = await openedGitHub();
  const cache = await temporaryFolder();
  server.repository('qemu/qemu').refs.set('tags/v1.0.0', '0');
  const refuse = () => server.faults.push({ on: /tags$/, fault: answers(403) });
  refuse();
  await expect(upstreamTags(github, cache)).rejects.toThrow('HTTP status 403');
  await (await upstreamTags(github, cache)).remember();
  refuse();
  await expect(upstreamTags(github, cache)).rejects.toThrow('HTTP status 403');
});

test('pages that never end are an error', async () => {
  const { github, server } = await openedGitHub();
  const endless: Fault = (response) => {
    response.writeHead(200, { 'content-type': 'application/json', link: '<http://x/>; rel="next"' });
    response.end('[]');
  };
  for (let page = 0; page < 101; page++) server.faults.push({ on: /tags$/, fault: endless });
  const cache = await temporaryFolder();
  await expect(upstreamTags(github, cache)).rejects.toMatchObject({ code: 'GITHUB_ANSWER_UNBOUNDED' });
  expect(server.requests).toHaveLength(100);
});
