import { hash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openedGitHub } from '@qemu-user-static/github/testing';
import { formatLock } from '@qemu-user-static/lock';
import { lockOf } from '@qemu-user-static/lock/testing';
import { afterAll, describe, expect, test } from 'vitest';
import { listReleases } from './draft.ts';
import { previousRelease } from './release.ts';

const folder = await mkdtemp(join(tmpdir(), 'previous-release-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
const COMMIT = 'c'.repeat(40);

describe('the release before', () => {
  const lock = lockOf({ latest: { 'linux/amd64': '11.1.3' } });
  const older = lockOf({ latest: { 'linux/amd64': '11.1.2' } });
  const oldest = lockOf({ latest: { 'linux/amd64': '11.1.1' } });

  interface Earlier {
    readonly tag: string;
    readonly text?: string;
    readonly draft?: boolean;
    readonly state?: 'starter' | 'uploaded';
    readonly digest?: null;
  }
  /** Of releases, the oldest first. */
  async function before(...all: Earlier[]) {
    const opened = await openedGitHub();
    for (const { tag, text, draft = false, state = 'uploaded', digest } of all) {
      const file = join(folder, `${tag}.json`);
      await writeFile(file, text ?? '');
      const asset = {
        ...{ id: opened.repository.id(), name: 'sources.lock.json', contentType: '', file, state },
        ...{
          size: text?.length ?? 0,
          digest: digest === null ? null : `sha256:${hash('sha256', text ?? '')}`,
        },
      };
      opened.repository.releases.push({
        ...{ id: opened.repository.id(), tag_name: tag, target_commitish: COMMIT, name: tag, body: '' },
        ...{ draft, prerelease: false, make_latest: 'false', published_at: null },
        assets: text === undefined ? [] : [asset],
      });
    }
    opened.server.requests.length = 0;
    const found = await previousRelease(opened.github, await listReleases(opened.github), lock);
    const downloads = opened.server.requests.filter((request) => request.includes('/assets/')).length;
    return { found, downloads };
  }
  const ofOlder = { tag: 'v11.1.2-1', text: formatLock(older) };
  const isOlder = { tag: 'v11.1.2-1', lock: older };

  test('is the newest', async () => {
    const { found, downloads } = await before({ tag: 'v11.1.1-1', text: formatLock(oldest) }, ofOlder);
    expect([found, downloads]).toEqual([isOlder, 1]);
  });

  test.each<[string, Earlier, number]>([
    ['a draft', { tag: 'v11.1.3-1', text: formatLock(oldest), draft: true }, 1],
    ['one without a lock', { tag: 'v11.1.3-1' }, 1],
    ['one whose lock is not whole', { tag: 'v11.1.3-1', text: formatLock(oldest), state: 'starter' }, 1],
    ['one of the same lock, by its digest', { tag: 'v11.1.3-1', text: formatLock(lock) }, 1],
    ['one of the same lock, by its text', { tag: 'v11.1.3-1', text: formatLock(lock), digest: null }, 2],
  ])('is not %s', async (_, newer, downloaded) => {
    const { found, downloads } = await before(ofOlder, newer);
    expect([found, downloads]).toEqual([isOlder, downloaded]);
  });

  test('is none where its lock is of another form', async () => {
    const { found } = await before(ofOlder, { tag: 'v11.1.3-1', text: '{"schemaVersion":1}' });
    expect(found).toBe(null);
  });

  test('is none where there is none', async () => {
    expect((await before()).found).toBe(null);
  });
});
