import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NO_ARCHIVE } from './testing/archive.ts';
import { left, said } from './testing/commands.ts';
import { COMMANDS_PAGE, commandsPage } from './testing/commands-page.ts';
import { DOCKER_ENGINES, type Docker, openDocker } from './testing/docker.ts';
import { MOUNT, readEntries, removeEmulators } from './testing/namespace.ts';

describe.each(DOCKER_ENGINES)('$name', (engine) => {
  const reason = engine.problem ?? NO_ARCHIVE;
  describe.skipIf(reason !== undefined)(`as a container (engine)${reason ? `: ${reason}` : ''}`, () => {
    let docker: Docker;
    beforeAll(async () => {
      docker = await openDocker(engine);
    }, 300_000);
    afterAll(() => docker[Symbol.asyncDispose]());

    test('every command line leaves what docs/register-commands.md says (Docker, amd64)', {
      timeout: 600_000,
    }, async () => {
      const text = await commandsPage(async ({ image, words, env = {}, after }, exported) => {
        removeEmulators(MOUNT);
        if (after !== undefined) await docker.call(image, after.split(' '));
        const outcome = await docker.call(image, words.split(' ').filter(Boolean), { env, exported });
        return { outcome, left: left(readEntries(MOUNT)) };
      });
      await expect(text).toMatchFileSnapshot(COMMANDS_PAGE);
    });

    const VOLUME = ['--cap-drop', 'ALL', '-v', `${MOUNT}:/binfmt_misc`];

    test('least privilege does: no capability, and the table as a volume', async () => {
      removeEmulators(MOUNT);
      const outcome = await docker.call('latest', ['--reset', '-p', 'yes', '--verify'], { rights: VOLUME });
      expect([outcome.code, outcome.stderr]).toEqual([
        0,
        expect.stringContaining('31 of 31 guests verified\n'),
      ]);
      expect(left(readEntries(MOUNT))).toBe('31 entries, `flags: F`');
    });

    test.each([
      ['with neither --privileged nor the volume', ['--cap-drop', 'ALL'], 'BINFMT_NOT_MOUNTED'],
      [
        'with the volume read-only',
        ['--cap-drop', 'ALL', '-v', `${MOUNT}:/binfmt_misc:ro`],
        'BINFMT_READ_ONLY',
      ],
      ['as another user', ['--user', '1000', ...VOLUME], 'BINFMT_NO_PERMISSION'],
      [
        'with another folder of the host on /binfmt_misc',
        ['--cap-drop', 'ALL', '-v', `${MOUNT}/..:/binfmt_misc`],
        'BINFMT_NOT_MOUNTED',
      ],
    ])('%s it says so, and changes nothing', async (_, rights, error) => {
      const before = readEntries(MOUNT);
      const outcome = await docker.call('latest', ['--reset', '-p', 'yes'], { rights });
      expect([outcome.code, outcome.stdout, said(outcome)]).toEqual([1, '', error]);
      expect(readEntries(MOUNT)).toEqual(before);
    });

    test('on a read-only root file system it registers, and verifies if there is room', async () => {
      removeEmulators(MOUNT);
      const readOnly = ['--read-only', ...VOLUME];
      expect((await docker.call('latest', ['--install', 'arm64'], { rights: readOnly })).code).toBe(0);
      expect(said(await docker.call('latest', ['--verify'], { rights: readOnly }))).toBe('VERIFY_NO_ROOM');
      expect(
        (await docker.call('latest', ['--verify'], { rights: ['--tmpfs', '/tmp:exec', ...readOnly] })).code,
      ).toBe(0);
    });
  });
});
