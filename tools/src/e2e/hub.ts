import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { blobPath, type Descriptor } from '@qemu-user-static/oci-image';
import { type DockerRegistrySettings, startDockerRegistry } from '@qemu-user-static/oci-registry/testing';
import { PROJECT } from '../project-names.ts';
import { GUESTS, guestLayout } from './debian-guests.ts';
import { builder, type Outcome, run } from './engines.ts';
import { compressionOf } from './layout-digests.ts';
import { LAYOUT } from './places.ts';

/** The image of the README's examples. */
export const IMAGE = PROJECT.image;

/** The requests of a client. */
export interface Traffic {
  /** How the layers are compressed of the image that it took. */
  readonly compression: string;
  /** Layers that it fetched, and all bytes of what it fetched. */
  readonly layers: number;
  readonly bytes: number;
}

/** A registry on loopback that stands for Docker Hub: it has what the README's examples pull. */
export interface Hub {
  /** `127.0.0.1:<port>`. */
  readonly name: string;
  /** How the layers of our image are compressed that `pull` took out of the index with both. */
  compressionTaken(pull: () => Promise<unknown>): Promise<string>;
  /** The requests of `pull`. */
  trafficOf(pull: () => Promise<unknown>): Promise<Traffic>;
  close(): Promise<void>;
}

/**
 * Starts it, and fills it: with `latest` as `publish` sends it, in gzip and in zstd, for linux/amd64 and linux/arm64;
 * with `latest-gzip`; and with a program of each other CPU.
 * @param ca the file of the authority that signed the registry's certificate, where it has one
 */
export async function openHub(settings: DockerRegistrySettings = {}, ca?: string): Promise<Hub> {
  const requests: string[] = [];
  const registry = await startDockerRegistry({
    ...settings,
    onRequest: (line) => {
      if (line.includes('"GET /v2/')) requests.push(line);
    },
  });
  try {
    const target = `${registry.name}/${IMAGE}`;
    const trust = ca === undefined ? [] : ['--ca', ca];
    const what = ['--from', LAYOUT, '--tag', 'latest,latest-gzip', '--platform', 'linux/amd64,linux/arm64'];
    const words = ['publish', '--to', target, '--push', ...what, ...trust];
    succeed(await builder(words, {}, 300_000));
    const { folder } = await guestLayout();
    const copy = ['skopeo', '--insecure-policy', 'copy', '--dest-tls-verify=false'];
    for (const { name } of GUESTS)
      succeed(await run([...copy, `oci:${folder}:${name}`, `docker://${registry.name}/${name}/busybox`]));
    const read = ['skopeo', 'inspect', '--tls-verify=false', '--raw', `docker://${target}`];
    const { manifests } = JSON.parse(succeed(await run(read))) as { manifests: Descriptor[] };
    // The log comes by a pipe: when a request of ours is in it, those before are.
    let asked = 0;
    const caughtUp = async () => {
      const name = `nothing-${++asked}`;
      await run([...read.slice(0, -1), `docker://${registry.name}/${name}`]);
      while (!requests.some((line) => line.includes(`/${name}/`))) await sleep(10);
    };
    const layers = new Set((await Promise.all(manifests.map(layersOf))).flat());
    const trafficOf = async (pull: () => Promise<unknown>) => {
      await caughtUp();
      requests.length = 0;
      await pull();
      await caughtUp();
      const taken = manifests.filter(({ digest }) => requests.some((line) => line.includes(digest)));
      const fetched = requests.map((line) => [
        ...(/(sha256:\w+)?[^/]* HTTP\/[\d.]+" 200 (\d+)/.exec(line) ?? []),
      ]);
      return {
        // An index lists an image for several platforms.
        compression: [...new Set(taken.map(compressionOf))].join(' and '),
        layers: fetched.filter(([, digest = '']) => layers.has(digest as Descriptor['digest'])).length,
        bytes: fetched.reduce((sum, [, , bytes = '0']) => sum + Number(bytes), 0),
      };
    };
    return {
      name: registry.name,
      trafficOf,
      compressionTaken: async (pull) => (await trafficOf(pull)).compression,
      close: () => registry.close(),
    };
  } catch (error) {
    await registry.close();
    throw error;
  }
}

/** The layers of an image of the layout. */
async function layersOf({ digest }: Descriptor): Promise<Descriptor['digest'][]> {
  const text = await readFile(blobPath({ folder: LAYOUT }, digest), 'utf8');
  const { layers } = JSON.parse(text) as { layers: Descriptor[] };
  return layers.map((layer) => layer.digest);
}

function succeed({ code, stdout, stderr }: Outcome): string {
  if (code !== 0) throw new Error(stderr);
  return stdout;
}
