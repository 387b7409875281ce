import {
  after,
  answers,
  cutsAfter,
  type Fault,
  losesAnswer,
  openedGitHub,
} from '@qemu-user-static/github/testing';
import { afterAll, describe, expect, test } from 'vitest';
import { stateOf } from '../testing/release-state.ts';
import { releasesAtHand } from '../testing/releases.ts';

const { release, undisturbed, close } = await releasesAtHand();
afterAll(close);

describe('two runs at once', () => {
  test('leave one release of each tag; if they were in each other’s way, the next run finishes', async () => {
    const expected = await undisturbed();
    const opened = await openedGitHub();
    await Promise.allSettled([release(opened), release(opened)]);
    const tags = opened.repository.releases.map(({ tag_name }) => tag_name);
    expect(tags).toEqual([...new Set(tags)]);
    await release(opened);
    expect(stateOf(opened.repository)).toEqual(expected);
  });

  test('a draft of another run that is older is taken, and our own goes', async () => {
    const expected = await undisturbed();
    const opened = await openedGitHub();
    const { repository, server, github } = opened;
    const draft = { ...github.repository, tag_name: 'v10.2.2-1', draft: true };
    const { data: older } = await github.api.rest.repos.createRelease(draft);
    const hidden = repository.releases.splice(0);
    server.faults.push({
      on: /^POST .*\/releases$/,
      fault: after(() => repository.releases.push(...hidden)),
    });
    await release(opened);
    expect(stateOf(repository)).toEqual(expected);
    expect(repository.releases.map(({ id }) => id)).toContain(older.id);
  });

  test('the other one publishes first: what it published is compared, and our draft goes', async () => {
    const expected = await undisturbed();
    const opened = await openedGitHub();
    const { repository, server } = opened;
    await release(opened);
    const published = repository.releases.splice(0);
    server.faults.push({
      on: /^PATCH .*\/releases\/\d+$/,
      fault: after(() => repository.releases.unshift(...published)),
    });
    expect(await release(opened)).toContain('v10.2.2-1: unchanged');
    expect(stateOf(repository)).toEqual(expected);
  });

  test('a draft that was left beside what is published is reported', async () => {
    const opened = await openedGitHub();
    await release(opened);
    const [first] = opened.repository.releases;
    if (first === undefined) throw new Error('no release');
    opened.repository.releases.push({ ...first, id: 999, draft: true, assets: [] });
    const notes: string[] = [];
    await release(opened, { onEvent: (event) => event.type === 'note' && notes.push(event.text) });
    expect(notes).toEqual([
      expect.stringMatching(/^v10\.2\.2-1 is published, and a draft of it is left: http/),
    ]);
  });
});

describe('GitHub fails on the way, and the releases are the same in the end', () => {
  const upload = /^POST .*\/assets$/;
  async function comesThrough(...faults: { on: RegExp; fault: Fault }[]): Promise<void> {
    const expected = await undisturbed();
    const opened = await openedGitHub();
    opened.server.faults.push(...faults);
    await release(opened);
    expect(opened.server.faults).toEqual([]);
    expect(stateOf(opened.repository)).toEqual(expected);
  }
  test.each<[string, RegExp, Fault]>([
    ['an upload is cut in half', upload, cutsAfter(100)],
    ['the answer to an upload is lost', upload, losesAnswer],
    ['502 to an upload', upload, answers(502)],
    ['a limit at an upload: 403', upload, answers(403, { 'retry-after': '60' })],
    ['a limit at an upload: 429', upload, answers(429, { 'retry-after': '60' })],
    ['502 to the new draft', /^POST .*\/releases$/, answers(502)],
    ['the answer to the new draft is lost', /^POST .*\/releases$/, losesAnswer],
    ['502 to the list', /^GET .*\/releases$/, answers(502)],
    ['502 to publishing', /^PATCH .*\/releases\/\d+$/, answers(502)],
    ['the answer to publishing is lost', /^PATCH .*\/releases\/\d+$/, losesAnswer],
  ])('%s', (_, on, fault) => comesThrough({ on, fault }));

  test('half an upload is taken away, and the answer to that is lost', () =>
    comesThrough(
      { on: upload, fault: cutsAfter(100) },
      { on: /^DELETE .*\/assets\/\d+$/, fault: losesAnswer },
    ));

  test('an upload that never gets through ends in an error, as a draft; the next run finishes', async () => {
    const expected = await undisturbed();
    const opened = await openedGitHub();
    for (let n = 0; n < 6; n++) opened.server.faults.push({ on: upload, fault: cutsAfter(1) });
    await expect(release(opened)).rejects.toMatchObject({ code: 'GITHUB_UNAVAILABLE' });
    expect(opened.repository.releases.map(({ draft }) => draft)).toEqual([true]);
    await release(opened);
    expect(stateOf(opened.repository)).toEqual(expected);
  });

  test('a file that GitHub kept with other bytes is found, and the release stays a draft', async () => {
    const opened = await openedGitHub();
    const damage = after(() => {
      const asset = opened.repository.releases[0]?.assets[0];
      if (asset !== undefined) asset.digest = `sha256:${'0'.repeat(64)}`;
    });
    // The last upload of the first release.
    for (let n = 0; n < 3; n++) opened.server.faults.push({ on: upload, fault: after(() => undefined) });
    opened.server.faults.push({ on: upload, fault: damage });
    await expect(release(opened)).rejects.toMatchObject({
      code: 'ASSET_NOT_KEPT',
      message: expect.stringContaining('armv7l_qemu-arm-static.tar.gz is sha256:000'),
    });
    expect(opened.repository.releases.map(({ draft }) => draft)).toEqual([true]);
  });
});
