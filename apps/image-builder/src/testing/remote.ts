import { MEDIA_TYPE } from '@qemu-user-static/oci-image';
import {
  openRegistry,
  type Registry,
  type RegistrySettings,
  type Repository,
} from '@qemu-user-static/oci-registry';
import { startRegistryServer } from '@qemu-user-static/oci-registry/testing';
import { onTestFinished } from 'vitest';
import type { ImageSet } from '../layouts/image-set.ts';
import type { Destination } from '../publish/destination.ts';
import type { PublishPlan } from '../publish/plan.ts';
import { applyPlan, makePlan } from '../publish/publish.ts';

const silent = () => undefined;

/** Destinations in a registry, with a client that does not wait long before it tries again. */
export function destinationsIn(
  name: string,
  repositories: readonly string[],
  settings: RegistrySettings = {},
): { registry: Registry; destinations: Destination[] } {
  const registry = openRegistry(name, { retry: { firstDelayMs: 1, maxDelayMs: 10 }, ...settings });
  const destinations = repositories.map((repository) => ({
    registry: name,
    repository,
    client: registry.repository(repository),
  }));
  return { registry, destinations };
}

/** Plans and applies. */
export async function publishTo(
  destinations: readonly Destination[],
  set: ImageSet,
  thorough = false,
): Promise<PublishPlan> {
  const plan = await makePlan(set, destinations, thorough, silent);
  await applyPlan(plan, set, destinations, 4, silent);
  return plan;
}

/** A registry on loopback to whose repository `o/q` a set is published; gone when the test is over. */
export async function publishedSet(set: ImageSet) {
  const server = await startRegistryServer();
  const { registry, destinations } = destinationsIn(server.name, ['o/q']);
  onTestFinished(async () => {
    await registry.close();
    await server.close();
  });
  await publishTo(destinations, set);
  return { server, client: registry.repository('o/q') };
}

/** The missing documents and blobs below the tags of a repository, which no reader must ever find. */
export async function gapsIn(repository: Repository): Promise<string[]> {
  const looked = new Map<string, Promise<string[]>>();
  const once = (digest: string, look: () => Promise<string[]>) => {
    const found = looked.get(digest) ?? look();
    looked.set(digest, found);
    return found;
  };
  const document = async (reference: string): Promise<string[]> => {
    const found = await repository.getManifest(reference).catch((error: Error) => error);
    if (found instanceof Error) return [`${reference}: ${found.message}`];
    const { manifests, config, layers } = JSON.parse(Buffer.from(found.bytes).toString());
    const below =
      found.mediaType === MEDIA_TYPE.index
        ? manifests.map(({ digest }: { digest: string }) => once(digest, () => document(digest)))
        : [config, ...layers].map(({ digest }) => once(digest, () => blob(digest)));
    return (await Promise.all(below)).flat();
  };
  const blob = async (digest: string) =>
    (await repository.headBlob(digest)) === undefined ? [`blob ${digest}`] : [];
  const tags = await repository.listTags();
  return (
    await Promise.all(tags.map(async (tag) => (await document(tag)).map((gap) => `${tag} needs ${gap}`)))
  ).flat();
}

/** Tags of a repository and their digests. */
export async function tagsIn(repository: Repository): Promise<Record<string, string>> {
  const tags = await repository.listTags();
  const found = await Promise.all(
    tags.map(async (tag) => [tag, (await repository.getManifest(tag)).digest] as const),
  );
  return Object.fromEntries(found.sort());
}

export function tagsOf(set: ImageSet): Record<string, string> {
  return Object.fromEntries(set.tags.map(({ tag, digest }) => [tag, digest] as const).sort());
}
