import { temporaryFolder } from '@qemu-user-static/debian-archive/testing';
import { answers, openedGitHub } from '@qemu-user-static/github/testing';
import { expect, test } from 'vitest';
import { upstreamTags } from './upstream-tags.ts';

test('all pages are read, and once they are told only what changed; what is fresh is told', async () => {
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
