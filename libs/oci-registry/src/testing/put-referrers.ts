import { digestOf } from '../digest.ts';
import { openRegistry } from '../registry.ts';

/**
 * A process that gives a manifest some referrers, beside others that do the same:
 * `put-referrers.ts REGISTRY REPOSITORY MANIFEST...`, each manifest as it is to be stored.
 */
const [name = '', path = '', ...manifests] = process.argv.slice(2);
const registry = openRegistry(name);
const repository = registry.repository(path);
await Promise.all(
  manifests.map((manifest) => {
    const bytes = Buffer.from(manifest);
    return repository.putManifest(digestOf(bytes), { mediaType: JSON.parse(manifest).mediaType, bytes });
  }),
);
await registry.close();
