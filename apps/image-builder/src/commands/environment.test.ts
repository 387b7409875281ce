import { inspect } from 'node:util';
import { openedGitHub } from '@qemu-user-static/github/testing';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openEnvironment } from './environment.ts';

/** A repository on GitHub, as these variables say. */
async function gitHubBy(variables: NodeJS.ProcessEnv) {
  const environment = await openEnvironment(variables, {}, () => undefined);
  onTestFinished(() => environment.close());
  return environment.github('o/r', 'write');
}

describe('the token for GitHub', () => {
  test.each(['ghp_hunter2\nmore', 'ghp_hunter2 more', 'ghp_hünter2'])(
    '%j is refused, and not printed',
    async (token) => {
      const error: Error = await gitHubBy({ GITHUB_TOKEN: token }).then(
        () => new Error('no error'),
        (caught) => caught,
      );
      expect(error).toMatchObject({
        code: 'GITHUB_SETTING_INVALID',
        message: expect.stringContaining('GITHUB_TOKEN'),
      });
      expect(inspect(error)).not.toMatch(/h[uü]nter2/);
    },
  );

  test('loses the newline that a file with it ends in', async () => {
    const { server } = await openedGitHub();
    const github = await gitHubBy({ GITHUB_TOKEN: 'ghp_hunter2\n', GITHUB_API_URL: server.url });
    await expect(github.api.rest.repos.get(github.repository)).resolves.toMatchObject({ status: 200 });
  });

  test('of the other variable counts where the first is empty', async () => {
    const github = await gitHubBy({ GITHUB_TOKEN: ' ', GH_TOKEN: 'of-the-other' });
    expect(await github.api.auth()).toMatchObject({ token: 'of-the-other' });
  });

  test('is missing where both are empty', async () => {
    await expect(gitHubBy({ GITHUB_TOKEN: '', GH_TOKEN: ' ' })).rejects.toMatchObject({
      code: 'GITHUB_TOKEN_MISSING',
    });
  });
});

test.each(['not a url', 'ftp://example.org', 'api.github.com'])(
  'GITHUB_API_URL=%j is wrong usage',
  async (url) => {
    await expect(gitHubBy({ GITHUB_TOKEN: 'any', GITHUB_API_URL: url })).rejects.toMatchObject({
      code: 'GITHUB_SETTING_INVALID',
      message: expect.stringContaining('GITHUB_API_URL'),
    });
  },
);

describe('SOURCE_DATE_EPOCH', () => {
  const epochBy = async (SOURCE_DATE_EPOCH: string | undefined) => {
    const environment = await openEnvironment({ SOURCE_DATE_EPOCH }, {}, () => undefined);
    await environment.close();
    return environment.sourceDateEpoch;
  };

  test.each([
    [undefined, null],
    ['', null],
    ['0', 0],
    ['1000000000', 1_000_000_000],
    ['99999999999', 99_999_999_999],
  ])('%j is %s', async (text, seconds) => {
    expect(await epochBy(text)).toBe(seconds);
  });

  test.each(['-1', '1e9', '1.5', ' 1', '100000000000', 'now'])('%j is wrong usage', async (text) => {
    await expect(epochBy(text)).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining(`"${text}"`),
    });
  });
});
