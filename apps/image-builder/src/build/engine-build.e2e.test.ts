import { HOST_PLATFORMS, type HostPlatform } from '@qemu-user-static/arch-table';
import { END_OF_ARCHIVE, imageArchive, tarEntry } from '@qemu-user-static/oci-image';
import { describe, expect, test } from 'vitest';
import { readImage } from '../layouts/read-image.ts';
import { enginesAtHand, LAYOUT, NO_LAYOUT } from '../testing/engines.ts';
import { callMain } from '../testing/main.ts';
import { type SavedImage, saveImage } from '../testing/saved-image.ts';

const engines = await enginesAtHand();
const reason = engines.length === 0 ? 'no engine answers' : NO_LAYOUT;
/**
 * One has the register program alone, the other an emulator as well. That takes seconds to read out of its package, so
 * not every engine builds it for every host.
 */
function imagesFor(platform: HostPlatform, host: string): string[] {
  const all = platform === 'linux/amd64' || (host === engines[0]?.host && platform === 'linux/arm/v7');
  return all ? ['register', 'arm'] : ['register'];
}

/** A name of its own for each platform, since some are built at once. */
const repositoryOf = (name: string, platform: HostPlatform) => `${name}-${platform.replaceAll('/', '-')}`;

describe.skipIf(reason !== undefined)(`--builder docker (engine)${reason ? `: ${reason}` : ''}`, () => {
  describe.each(engines)('of $engine.description', ({ host, engine }) => {
    /** What the engine has under a name, which it then loses. */
    async function taken(name: string): Promise<SavedImage> {
      try {
        return await saveImage(name, host);
      } finally {
        await engine.removeImage(name);
      }
    }

    async function builtByEngine(image: string, platform: HostPlatform): Promise<SavedImage> {
      const repository = repositoryOf('built', platform);
      const words = ['--image', image, '--platform', platform, '--repository', repository, '--json'];
      const { status, stdout, stderr } = await callMain(['build', '--builder', 'docker', ...words], {
        DOCKER_HOST: host,
      });
      expect(status, stderr).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ name: `${repository}:${image}`, platform });
      return taken(`${repository}:${image}`);
    }

    async function builtIn(image: string, platform: HostPlatform): Promise<SavedImage> {
      const { manifest } = await readImage(LAYOUT, image, platform);
      const repository = repositoryOf('built-in', platform);
      const name = { repository, tag: image };
      await engine.load(imageArchive(LAYOUT, manifest, name, 'docker-archive'));
      return taken(`${repository}:${image}`);
    }

    test.concurrent.each(
      HOST_PLATFORMS.flatMap((platform) =>
        imagesFor(platform, host).map((image) => [image, platform] as const),
      ),
    )(
      '%s for %s has the files and the config of the built-in builder',
      async (image, platform) => {
        const built = await builtByEngine(image, platform);
        expect(built.platform).toBe(platform);
        expect(Object.keys(built.tree)).toEqual(expect.arrayContaining(['bin/busybox', 'register', 'tmp']));
        expect(built).toEqual(await builtIn(image, platform));
      },
      180_000,
    );

    test('a recipe that fails is reported in the words of the engine', async () => {
      async function* context() {
        const dockerfile = Buffer.from('FROM scratch\nCOPY nothing /\n');
        const entry = { path: 'Dockerfile', type: 'file', mode: 0o644, size: dockerfile.length } as const;
        yield* tarEntry(entry, dockerfile, 0);
        yield END_OF_ARCHIVE;
      }
      const building = engine.build(context(), { platform: 'linux/amd64', name: 'built:wrong' });
      await expect(building).rejects.toMatchObject({
        code: 'ENGINE_BUILD_FAILED',
        message: expect.stringMatching(/^the engine did not build built:wrong: .*nothing/),
      });
    });
  });
});
