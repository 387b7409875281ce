import { readFile } from 'node:fs/promises';
import { openRegistry } from '@qemu-user-static/oci-registry';
import { applyPlan, makePlan } from '../publish/publish.ts';
import { parseSet } from './set-file.ts';

/**
 * A process that publishes a set of images, to be killed: `push.ts SET REGISTRY REPOSITORY`. It writes a dot for
 * every answer of the registry, so that whoever kills it knows how far it is.
 */
const [file = '', name = '', repository = ''] = process.argv.slice(2);
const set = parseSet(await readFile(file, 'utf8'));
const silent = () => undefined;
const registry = openRegistry(name, {
  onEvent: ({ type }) => {
    if (type === 'request') process.stdout.write('.');
  },
});
const destinations = [{ registry: name, repository, client: registry.repository(repository) }];
await applyPlan(await makePlan(set, destinations, false, silent), set, destinations, 4, silent);
await registry.close();
