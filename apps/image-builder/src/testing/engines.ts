import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { connectEngine, type Engine } from '@qemu-user-static/container-engine';

/** Where the release is that tests on engines try. */
export const LAYOUT = { folder: process.env.E2E_LAYOUT ?? 'dist/oci' };

/** Why no engine is available, or nothing. */
export const NO_LAYOUT = existsSync(join(LAYOUT.folder, 'index.json'))
  ? undefined
  : 'no layout: npm run release';

/** The engines that DOCKER_HOSTS names, separated by spaces, which answer; else the usual one, if it does. */
export async function enginesAtHand(): Promise<{ host: string; engine: Engine }[]> {
  const found = [];
  for (const host of (process.env.DOCKER_HOSTS || 'unix:///var/run/docker.sock').split(' ')) {
    process.env.DOCKER_HOST = host;
    const engine = await connectEngine().catch(() => null);
    if (engine !== null) found.push({ host, engine });
  }
  return found;
}
