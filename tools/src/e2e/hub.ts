import { type DockerRegistrySettings, startDockerRegistry } from '@qemu-user-static/oci-registry/testing';
import { PROJECT } from '../project-names.ts';
import { GUESTS, guestLayout } from './debian-guests.ts';
import { builder, type Outcome, run } from './engines.ts';
import { LAYOUT } from './places.ts';

/** The image of the README's examples. */
export const IMAGE = PROJECT.image;

/** A registry on loopback that stands for Docker Hub: it has what the README's examples pull. */
export interface Hub {
  /** `127.0.0.1:<port>`. */
  readonly name: string;
  /** How the layers of our image are compressed that `pull` took out of the index with both. */
  compressionTaken(pull: () => Promise<unknown>): Promise<string>;
  close(): Promise<void>;
}

interface Index {
  readonly manifests: readonly { readonly digest: string; readonly annotations?: Record<string, string> }[];
}

/**
 * Starts it, and fills it: with `latest` as `publish` sends it, for linux/amd64 in gzip and in zstd, and with a
 * program of each other CPU.
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
    const what = ['--from', LAYOUT, '--tag', 'latest', '--platform', 'linux/amd64'];
    succeed(await builder(['publish', '--to', target, '--push', ...what, ...trust]));
    const { folder } = await guestLayout();
    const copy = ['skopeo', '--insecure-policy', 'copy', '--dest-tls-verify=false'];
    for (const { name } of GUESTS)
      succeed(await run([...copy, `oci:${folder}:${name}`, `docker://${registry.name}/${name}/busybox`]));
    const read = ['skopeo', 'inspect', '--tls-verify=false', '--raw', `docker://${target}`];
    const { manifests } = JSON.parse(succeed(await run(read))) as Index;
    return {
      name: registry.name,
      compressionTaken: async (pull) => {
        requests.length = 0;
        await pull();
        const taken = manifests.filter(({ digest }) => requests.some((line) => line.includes(digest)));
        // An index lists an image for several platforms.
        return [...new Set(taken.map(compressionOf))].join(' and ');
      },
      close: () => registry.close(),
    };
  } catch (error) {
    await registry.close();
    throw error;
  }
}

/** The annotation by which clients find the zstd image of a platform. https://github.com/containers/image/blob/v5.34.0/internal/manifest/oci_index.go */
function compressionOf({ annotations }: Index['manifests'][number]): string {
  return annotations?.['io.github.containers.compression.zstd'] === 'true' ? 'zstd' : 'gzip';
}

function succeed({ code, stdout, stderr }: Outcome): string {
  if (code !== 0) throw new Error(stderr);
  return stdout;
}
