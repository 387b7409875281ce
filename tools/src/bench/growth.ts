import { hash } from 'node:crypto';
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { HostPlatform } from '@qemu-user-static/arch-table';
import { $ } from 'zx';
import { layoutIn } from './building.ts';
import { copyCheckout } from './checkout.ts';
import { type Cost, costOf, medianCost } from './cost.ts';
import { keyOf, layoutSizes } from './layout-sizes.ts';
import type { Effort, Row, Section } from './section.ts';
import { CHANNEL, fetchedFiles, lockedPlatforms, tagOf, type Workshop } from './workshop.ts';

const PLATFORMS = [1, 2, 4, 6];
const GUESTS = [1, 10, 33];

/** The cost of one more platform, and of one more guest. */
export async function measureGrowth(workshop: Workshop, { repeat, note }: Effort): Promise<Section> {
  const layout = layoutIn(workshop);
  const platform = workshop.platforms[0] as HostPlatform;
  const builds = async (name: string, words: readonly string[], cache = join(workshop.folder, 'cache')) => {
    const costs: Cost[] = [];
    for (let round = 0; round < repeat; round++) {
      await rm(join(cache, 'layers'), { recursive: true, force: true });
      await rm(layout, { recursive: true, force: true });
      costs.push(await costOf([[...words, '--output', layout]]));
      note(`growth, ${name}: ${costs.at(-1)?.wall.toFixed(1)} s`);
    }
    const { wall, cpu, memory } = medianCost(costs);
    const { stdout } = await $`du -sb ${layout}`.quiet();
    const sizes = await layoutSizes({ folder: layout }, ['latest']);
    const latest = sizes.get(`latest ${keyOf(platform)} zstd`) ?? Number.NaN;
    return { name, ours: true, values: [wall, cpu, memory, Number.parseInt(stdout, 10) / 1e6, latest / 1e6] };
  };

  const rows: Row[] = [];
  const counts = PLATFORMS.filter((count) => count <= workshop.platforms.length);
  for (const count of counts) {
    const only = workshop.platforms.slice(0, count).flatMap((platform) => ['--platform', platform]);
    rows.push(await builds(`${count} platforms`, [...workshop.builder, 'build', ...only]));
  }
  rows.push(slope('each platform more', counts, rows));

  const byGuests: Row[] = [];
  for (const count of GUESTS) {
    const { words, cache } = await builderOfFewer(workshop, platform, count);
    byGuests.push(await builds(`${count} guests, ${platform}`, words, cache));
  }
  return {
    title: 'Growth',
    what: `A build alone, as platforms become more, and as the guests of one do (its package packed again with fewer, all by dpkg-deb -z1).`,
    columns: ['wall s', 'CPU s', 'memory MB', 'layout MB', 'latest-zstd of the first platform, MB'],
    rows: [...rows, ...byGuests, slope('each guest more', GUESTS, byGuests)],
    claims: [],
  };
}

/** By least squares. */
function slope(name: string, counts: readonly number[], rows: readonly Row[]): Row {
  const mean = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0) / numbers.length;
  const middle = mean(counts);
  const spread = counts.reduce((sum, count) => sum + (count - middle) ** 2, 0);
  const values = (rows[0]?.values ?? []).map((_, column) => {
    const found = rows.map(({ values }) => values[column] ?? Number.NaN);
    const level = mean(found);
    return counts.reduce((sum, count, i) => sum + (count - middle) * ((found[i] ?? 0) - level), 0) / spread;
  });
  return { name, ours: true, values };
}

/** Words that build one platform from a package with only so many of its emulators. */
async function builderOfFewer(
  workshop: Workshop,
  platform: HostPlatform,
  count: number,
): Promise<{ words: string[]; cache: string }> {
  const folder = join(workshop.folder, `guests-${count}`);
  const deb = join(folder, 'fewer.deb');
  await mkdir(folder, { recursive: true });
  await $`dpkg-deb -R ${join(workshop.folder, 'packages', `${tagOf(platform)}-emulators.deb`)} ${folder}/tree`.quiet();
  const { stdout } = await $`find ${folder}/tree/usr/bin -name 'qemu-*' -type f`.quiet();
  const programs = stdout.trim().split('\n').sort();
  for (const program of programs.slice(count)) await rm(program);
  await $`dpkg-deb --root-owner-group -Zxz -z1 -b ${folder}/tree ${deb}`.quiet();
  await rm(join(folder, 'tree'), { recursive: true });

  const bytes = await readFile(deb);
  const sha256 = hash('sha256', bytes);
  const checkout = await copyCheckout(join(folder, 'checkout'));
  const [[, locked] = []] = await lockedPlatforms([platform]);
  const shell = (await fetchedFiles(CHANNEL)).get(locked?.shell.path ?? '') ?? '';
  const cache = join(folder, 'cache');
  await mkdir(join(cache, 'sha256'), { recursive: true });
  await writeFile(join(cache, 'sha256', sha256), bytes);
  await symlink(shell, join(cache, 'sha256', locked?.shell.sha256 ?? ''));
  await checkout.editLock((lock) => {
    const text = JSON.stringify(lock);
    // Everywhere the package stands: its hash and its size.
    const { emulators } = locked ?? {};
    const changed = text
      .replaceAll(`"${emulators?.sha256}"`, `"${sha256}"`)
      .replaceAll(`"size":${emulators?.size}`, `"size":${bytes.length}`);
    return JSON.parse(changed) as typeof lock;
  });
  return { words: [...checkout.program, 'build', '--platform', platform, '--cache', cache], cache };
}
