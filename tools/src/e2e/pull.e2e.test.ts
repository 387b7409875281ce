import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HOST_PLATFORMS, type HostPlatform, host } from '@qemu-user-static/arch-table';
import { blobPath, type Descriptor, REF_NAME, readIndex } from '@qemu-user-static/oci-image';
import { type DockerRegistry, startDockerRegistry } from '@qemu-user-static/oci-registry/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LAYOUT, NO_ENGINES, type Outcome, openEngine, run } from './engines.ts';
import { ENGINES, type EnginePlace, NEWER_ROOT } from './places.ts';
import { sidTool } from './sid-tools.ts';

// What `publish` sends to two registries is what clients that no one here wrote pull: each platform's image, digest for
// digest. By default two small images; E2E_TAGS=latest,aarch64,11.1.3-1 takes longer and looks closer.

const TAGS = (process.env.E2E_TAGS ?? 'register,arm').split(',');

/** https://github.com/containers/image/blob/v5.30.0/internal/manifest/oci_index.go: what marks a manifest of zstd layers */
const ZSTD = 'io.github.containers.compression.zstd';

/** The digests that an image for one platform has. */
interface Digests {
  readonly index: string;
  readonly manifest: string;
  readonly config: string;
}

interface Client {
  readonly name: string;
  /** The digests that it reports of what it has pulled. */
  readonly reports: readonly (keyof Digests)[];
  /** Takes the manifest that is marked as zstd; every other client takes the first one of a platform. */
  readonly knowsZstd?: true;
  /** Pulls an image into a new place of its own, and gives the digests that it reports. */
  pull(image: string, platform: HostPlatform): Promise<string[]>;
}

const folder = mkdtempSync('/var/tmp/pull-');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function succeed(outcome: Promise<Outcome>): Promise<string> {
  const { code, stdout, stderr } = await outcome;
  expect(code, stderr).toBe(0);
  return stdout.trim();
}

/** Of `repository@digest repository@digest …`, which engines report of an image, those of the repository it was pulled from. */
function digestsIn(names: readonly string[], image: string): string[] {
  const repository = `${image.slice(0, image.lastIndexOf(':'))}@`;
  return names.filter((name) => name.startsWith(repository)).map((name) => name.slice(repository.length));
}

function docker(name: string, place: EnginePlace): Client {
  return {
    name,
    reports: ['index', 'config'],
    async pull(image, platform) {
      const { docker: call } = openEngine(place);
      await succeed(call('pull', '--quiet', '--platform', platform, image));
      const format = '{{.Id}}{{range .RepoDigests}} {{.}}{{end}}';
      const [id = '', ...names] = (await succeed(call('image', 'inspect', '--format', format, image))).split(
        ' ',
      );
      await succeed(call('rmi', image));
      return [id, ...digestsIn(names, image)];
    },
  };
}

function podman(name: string, command: readonly string[], store: string): Client {
  const call = (...words: string[]) =>
    run([...command, 'podman', '--root', `${store}/root`, '--runroot', `${store}/run`, ...words]);
  return {
    name,
    reports: ['index', 'manifest', 'config'],
    async pull(image, platform) {
      await succeed(call('pull', '--quiet', '--tls-verify=false', '--platform', platform, image));
      const format = '{{.Id}}{{range .RepoDigests}} {{.}}{{end}}';
      const [id = '', ...names] = (await succeed(call('image', 'inspect', '--format', format, image))).split(
        ' ',
      );
      await succeed(call('rmi', id));
      return [`sha256:${id}`, ...digestsIn(names, image)];
    },
  };
}

/** A client that copies an image into an OCI layout. */
function copier(
  name: string,
  command: (image: string, platform: HostPlatform, to: string) => Promise<readonly string[]>,
): Client {
  return {
    name,
    reports: ['manifest'],
    async pull(image, platform) {
      const to = mkdtempSync(join(folder, 'layout-'));
      await succeed(run(await command(image, platform, to)));
      const { manifests } = await readIndex({ folder: to });
      rmSync(to, { recursive: true });
      return manifests.map(({ digest }) => digest);
    },
  };
}

const PODMAN_5 = '/var/tmp/podman-pull';

const CLIENTS: readonly Client[] = [
  docker('Docker', ENGINES.own),
  docker('newer Docker', ENGINES.newer),
  podman('Podman', [], join(folder, 'podman')),
  { ...podman('newer Podman', ['chroot', NEWER_ROOT], PODMAN_5), knowsZstd: true },
  copier('skopeo', async (image, platform, to) => {
    const { architecture, variant } = host(platform);
    const as = [`--override-arch=${architecture}`, ...(variant ? [`--override-variant=${variant}`] : [])];
    const from = ['--src-tls-verify=false', `docker://${image}`];
    return ['skopeo', '--insecure-policy', '--override-os=linux', ...as, 'copy', ...from, `oci:${to}:it`];
  }),
  copier('crane', async (image, platform, to) => {
    const words = ['pull', '--insecure', '--platform', platform, '--format', 'oci', image, to];
    return [await sidTool('crane'), ...words];
  }),
  copier('oras', async (image, platform, to) => {
    const words = ['copy', '--from-plain-http', '--platform', platform, image, '--to-oci-layout', `${to}:it`];
    return [await sidTool('oras'), ...words];
  }),
];

/** The layout's image of a tag for a platform, as a client takes it; none if the tag does not list it. */
async function digestsInLayout(
  tag: string,
  platform: HostPlatform,
  knowsZstd = false,
): Promise<Digests | undefined> {
  const layout = { folder: LAYOUT };
  const read = async ({ digest }: Descriptor) => JSON.parse(await readFile(blobPath(layout, digest), 'utf8'));
  const top = (await readIndex(layout)).manifests.find(({ annotations }) => annotations?.[REF_NAME] === tag);
  if (top === undefined) throw new Error(`${LAYOUT} has no tag ${tag}`);
  const { manifests } = (await read(top)) as { manifests: Descriptor[] };
  const { architecture, variant } = host(platform);
  const images = manifests.filter(
    ({ platform: one }) => one?.architecture === architecture && one.variant === variant,
  );
  const image =
    (knowsZstd ? images.find(({ annotations }) => annotations?.[ZSTD] === 'true') : undefined) ?? images[0];
  return image && { index: top.digest, manifest: image.digest, config: (await read(image)).config.digest };
}

describe.skipIf(NO_ENGINES)(`${TAGS.join(', ')} in two registries (root, engine, network)`, () => {
  const registries: DockerRegistry[] = [];

  beforeAll(async () => {
    registries.push(await startDockerRegistry(), await startDockerRegistry());
    const to = registries.flatMap(({ name }) => ['--to', `${name}/o/q`]);
    const tags = TAGS.flatMap((tag) => ['--tag', tag]);
    const { builder } = openEngine(ENGINES.own);
    await succeed(builder('publish', '--push', '--from', LAYOUT, ...to, ...tags));
  }, 300_000);

  afterAll(async () => {
    await Promise.all(registries.map((registry) => registry.close()));
    rmSync(join(NEWER_ROOT, PODMAN_5), { recursive: true, force: true });
  });

  test.concurrent.each(CLIENTS)(
    '$name pulls each platform’s image, with the digests of the layout',
    async (client) => {
      let turn = CLIENTS.indexOf(client);
      for (const tag of TAGS)
        for (const platform of HOST_PLATFORMS) {
          const wanted = await digestsInLayout(tag, platform, client.knowsZstd);
          if (wanted === undefined) continue;
          // From one and the other by turns: that both have the same is what `publish` reads back.
          const { name } = registries[turn++ % registries.length] as DockerRegistry;
          const reported = await client.pull(`${name}/o/q:${tag}`, platform);
          expect(reported.sort(), `${tag} for ${platform}`).toEqual(
            client.reports.map((kind) => wanted[kind]).sort(),
          );
        }
    },
    600_000,
  );
});
