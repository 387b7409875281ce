import { mkdirSync, rmSync } from 'node:fs';
import type { HostPlatform } from '@qemu-user-static/arch-table';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keyOf, layoutSizes } from '../bench/layout-sizes.ts';
import { readTable, restoreTable, type Table } from './binfmt-table.ts';
import { NO_ENGINES, openEngine } from './engines.ts';
import { ENGINES_PAGE, openTable } from './engines-page.ts';
import { type Hub, IMAGE, openHub } from './hub.ts';
import { digestsInLayout } from './layout-digests.ts';
import { BINFMT, ENGINES, KEPT, LAYOUT } from './places.ts';
import { clientsIn, forgetClients } from './pull-clients.ts';
import { dropImages, keepImages } from './set-up.ts';

// Each client pulls `latest`, which has both compressions: the image that it takes runs, and a second pull moves nothing.

const folder = `/var/tmp/pull-${process.pid}`;
const clients = clientsIn(folder);
/** Undefined: the client's own. */
const PLATFORMS: readonly (HostPlatform | undefined)[] = [undefined, 'linux/amd64', 'linux/arm64'];

const table = openTable('What each client takes');
/** An engine may have a small layer already, of an image that another suite used. */
function expectWhole(bytes: number, size: number): void {
  expect(bytes).toBeGreaterThan(size - 3e6);
  expect(bytes).toBeLessThan(size + 1e6);
}

const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;

describe.skipIf(NO_ENGINES !== undefined)('what clients take from latest (root, engine, network)', () => {
  let hub: Hub;
  let before: Table;
  let sizes: Map<string, number>;

  beforeAll(async () => {
    sizes = await layoutSizes({ folder: LAYOUT }, ['latest', 'latest-gzip']);
    mkdirSync(folder);
    before = await readTable(BINFMT);
    expect(Object.keys(before).filter((name) => name.startsWith('qemu-'))).toEqual([]);
    hub = await openHub();
    // For the image of arm64; its shell finds its applets by argv[0].
    const rights = ['--cap-drop', 'ALL', '-v', `${BINFMT}:/binfmt_misc`];
    const words = ['run', '--rm', ...rights, `${KEPT}:latest`, '--install', 'arm64'];
    expect(await openEngine(ENGINES.newer).docker(...words)).toMatchObject({ code: 0 });
    await Promise.all(Object.values(ENGINES).map(dropImages));
  }, 600_000);

  afterAll(async () => {
    await restoreTable(BINFMT, before);
    await hub?.close();
    await Promise.all(Object.values(ENGINES).map(keepImages));
    forgetClients();
    rmSync(folder, { recursive: true, force: true });
  }, 300_000);

  test.each(clients)('$label', { timeout: 900_000 }, async (client) => {
    const name = await client.name();
    const image = `${hub.name}/${IMAGE}:latest`;
    for (const asked of PLATFORMS) {
      const platform = asked ?? 'linux/amd64';
      const takesZstd = await client.takesZstd(platform, asked !== undefined);
      const wanted = await digestsInLayout('latest', platform, takesZstd);
      let reported: string[] = [];
      const pull = async () => {
        reported = await client.pull(image, asked);
      };
      const { compression, bytes } = await hub.trafficOf(pull);
      // The index is another than the layout's: it lists two platforms.
      const digests = client.reports.filter((kind) => kind !== 'index').map((kind) => wanted?.[kind]);
      expect([platform, reported]).toEqual([platform, expect.arrayContaining(digests)]);
      expect([platform, compression]).toEqual([platform, takesZstd ? 'zstd' : 'gzip']);
      const size = sizes.get(`latest ${keyOf(platform)} ${compression}`) ?? 0;
      expectWhole(bytes, size);
      const said = [`${compression}, ${megabytes(size)}`];
      if (client.run !== undefined) {
        expect(await client.run(image, '--version')).toMatchObject({
          code: 0,
          stdout: expect.stringMatching(/^register/),
        });
        said.push('it runs');
      }
      if (client.keepsLayers) {
        expect((await hub.trafficOf(pull)).layers).toBe(0);
        said.push('a second pull fetches no layer');
      }
      await client.remove(image);
      // What copies to a place has no platform of its own.
      if (client.keepsLayers || asked !== undefined)
        table.row(name, platform, client.typed(IMAGE, asked), said.join('; '));
    }
  });

  test('the engines that take zstd take gzip from latest-gzip', { timeout: 600_000 }, async () => {
    for (const client of clients.filter(({ keepsLayers }) => keepsLayers)) {
      const image = `${hub.name}/${IMAGE}:latest-gzip`;
      const { bytes, compression } = await hub.trafficOf(() => client.pull(image));
      await client.remove(image);
      expect([client.label, compression]).toEqual([client.label, 'gzip']);
      const size = sizes.get('latest-gzip amd64 gzip') ?? 0;
      expectWhole(bytes, size);
      const result = `${compression}, ${megabytes(size)}`;
      table.row(await client.name(), 'linux/amd64', client.typed(`${IMAGE}:latest-gzip`), result);
    }
  });

  test('docs/engines.md has these rows', async () => {
    await expect(await table.page()).toMatchFileSnapshot(ENGINES_PAGE);
  });
});
