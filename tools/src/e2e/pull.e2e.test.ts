import { mkdirSync, rmSync } from 'node:fs';
import { HOST_PLATFORMS } from '@qemu-user-static/arch-table';
import { type DockerRegistry, startDockerRegistry } from '@qemu-user-static/oci-registry/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LAYOUT, NO_ENGINES, openEngine } from './engines.ts';
import { digestsInLayout } from './layout-digests.ts';
import { ENGINES } from './places.ts';
import { clientsIn, forgetClients } from './pull-clients.ts';

// Other clients pull what `publish` sent to two registries: each platform's image, digest for
// digest. By default two small images; E2E_TAGS=latest,aarch64,11.1.3-1 takes longer and looks closer.

const TAGS = (process.env.E2E_TAGS ?? 'register,arm').split(',');

const folder = `/var/tmp/pull-${process.pid}`;
const clients = clientsIn(folder);

describe.skipIf(NO_ENGINES)(`${TAGS.join(', ')} in two registries (root, engine, network)`, () => {
  const registries: DockerRegistry[] = [];

  beforeAll(async () => {
    mkdirSync(folder);
    registries.push(await startDockerRegistry(), await startDockerRegistry());
    const to = registries.flatMap(({ name }) => ['--to', `${name}/o/q`]);
    const tags = TAGS.flatMap((tag) => ['--tag', tag]);
    const { builder } = openEngine(ENGINES.own, 300_000);
    const { code, stderr } = await builder('publish', '--push', '--from', LAYOUT, ...to, ...tags);
    expect(code, stderr).toBe(0);
  }, 300_000);

  afterAll(async () => {
    await Promise.all(registries.map((registry) => registry.close()));
    forgetClients();
    rmSync(folder, { recursive: true, force: true });
  });

  test.concurrent.each(clients)(
    '$label pulls each platform’s image, with the digests of the layout',
    async (client) => {
      let turn = clients.indexOf(client);
      for (const tag of TAGS)
        for (const platform of HOST_PLATFORMS) {
          const wanted = await digestsInLayout(tag, platform, await client.takesZstd(platform, true));
          if (wanted === undefined) continue;
          // From one and the other by turns: that both have the same is what `publish` reads back.
          const { name } = registries[turn++ % registries.length] as DockerRegistry;
          const image = `${name}/o/q:${tag}`;
          const reported = await client.pull(image, platform);
          await client.remove(image);
          expect(reported.sort(), `${tag} for ${platform}`).toEqual(
            client.reports.map((kind) => wanted[kind]).sort(),
          );
        }
    },
    600_000,
  );
});
