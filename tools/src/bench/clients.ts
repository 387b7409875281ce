import { mkdir, rm } from 'node:fs/promises';
import { startDockerRegistry } from '@qemu-user-static/oci-registry/testing';
import { NO_ENGINES, openEngine } from '../e2e/engines.ts';
import { ENGINES, LAYOUT } from '../e2e/places.ts';
import { type Client, clientsIn, forgetClients } from '../e2e/pull-clients.ts';
import { dropImages, keepImages } from '../e2e/set-up.ts';
import { median } from './cost.ts';
import { layoutSizes } from './layout-sizes.ts';
import { LINK } from './pulling.ts';
import type { Effort, Row, Section } from './section.ts';
import { openSlowLink } from './slow-link.ts';
import type { Workshop } from './workshop.ts';

/** Before the index had both compressions for every client, all took what `latest-gzip` has. */
const TAGS = ['latest-gzip', 'latest'] as const;

/** The engines of the e2e set-up pull the release in the checkout: what each takes, and how long that takes. */
export async function measureClients(workshop: Workshop, { repeat, note }: Effort): Promise<Section> {
  if (NO_ENGINES !== undefined) throw new Error(NO_ENGINES);
  const folder = `/var/tmp/bench-clients-${process.pid}`;
  await mkdir(folder);
  workshop.atEnd(async () => {
    forgetClients();
    await rm(folder, { recursive: true, force: true });
  });
  await Promise.all(Object.values(ENGINES).map(dropImages));
  workshop.atEnd(() => Promise.all(Object.values(ENGINES).map(keepImages)));
  const registry = await startDockerRegistry();
  const link = await openSlowLink(registry.name, LINK);
  try {
    const words = ['publish', '--push', '--from', LAYOUT, '--to', `${registry.name}/ours`];
    const { builder } = openEngine(ENGINES.own);
    const { code, stderr } = await builder(...words, '--tag', TAGS.join(), '--platform', 'linux/amd64');
    if (code !== 0) throw new Error(stderr);
    const sizes = await layoutSizes({ folder: LAYOUT }, ['latest']);
    const rows: Row[] = [];
    for (const client of clientsIn(folder).filter(({ keepsLayers }) => keepsLayers)) {
      const name = await client.name();
      const values: number[] = [];
      for (const tag of TAGS) {
        const compression =
          tag === 'latest' && (await client.takesZstd('linux/amd64', false)) ? 'zstd' : 'gzip';
        const seconds = await timesOf(client, `${link.name}/ours:${tag}`, repeat);
        note(`${name}, ${tag} (${compression}): ${seconds.map((one) => one.toFixed(1)).join(' ')} s`);
        values.push((sizes.get(`latest amd64 ${compression}`) ?? Number.NaN) / 1e6, median(seconds));
      }
      const [, before = Number.NaN, , after = Number.NaN] = values;
      rows.push({ name, ours: true, values: [...values, before / after] });
    }
    const sooner = (engine: RegExp) =>
      rows.find(({ name }) => engine.test(name) && !/20\./.test(name))?.values.at(-1) ?? Number.NaN;
    return {
      title: 'What engines take from latest',
      what: 'A pull of the image with all emulators for linux/amd64 through a link held to 100 Mbit/s, nothing there before. `latest` offers both compressions; `latest-gzip` is what every client took before it did.',
      columns: ['latest-gzip, MB', 'latest-gzip, s', 'latest, MB', 'latest, s', 'times sooner'],
      rows,
      claims: [
        { what: 'latest in Docker with zstd against latest-gzip', atLeast: 2, found: sooner(/Docker/) },
      ],
    };
  } finally {
    await link.close();
    await registry.close();
  }
}

async function timesOf(client: Client, image: string, repeat: number): Promise<number[]> {
  const seconds = [];
  for (let round = 0; round < repeat; round++) {
    const begun = performance.now();
    await client.pull(image);
    seconds.push((performance.now() - begun) / 1000);
    await client.remove(image);
  }
  return seconds;
}
