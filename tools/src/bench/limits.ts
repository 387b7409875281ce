import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { HostPlatform } from '@qemu-user-static/arch-table';
import { $ } from 'zx';
import { layoutIn } from './building.ts';
import { type Cost, costOf, medianCost } from './cost.ts';
import type { Effort, Section } from './section.ts';
import { tagOf, type Workshop } from './workshop.ts';

/** The part of the contents that is of the guests of `common`. */
const COMMON = 0.3;

/** The least possible work of each stage beside its cost; for one platform, from nothing. */
export async function measureLimits(workshop: Workshop, { repeat, note }: Effort): Promise<Section> {
  const platform = workshop.platforms[0] as HostPlatform;
  const deb = join(workshop.folder, 'packages', `${tagOf(platform)}-emulators.deb`);
  const programs = join(workshop.folder, 'programs');
  await $`mkdir -p ${programs} ${programs}.tree && dpkg-deb -x ${deb} ${programs}.tree`.quiet();
  await $`find ${programs}.tree/usr/bin -name 'qemu-*' -type f -exec mv -t ${programs} '{}' +`.quiet();
  const layout = layoutIn(workshop);
  const only = ['--platform', platform, '--output', layout];
  const limit = (what: string, folder = programs) => [
    process.execPath,
    join(import.meta.dirname, 'limit.ts'),
    what,
    folder,
  ];
  const build = (list: string) => [...workshop.builder, 'build', ...only, '--compression', list];
  const forgetLayout = () => rm(layout, { recursive: true, force: true });
  const forget = async () => {
    await workshop.forgetLayers();
    await forgetLayout();
  };

  const measured = async (name: string, commands: () => Promise<readonly string[][]>): Promise<Cost> => {
    const costs: Cost[] = [];
    for (let round = 0; round < repeat; round++) {
      costs.push(await costOf(await commands()));
      note(`limits, ${name}: ${costs.at(-1)?.wall.toFixed(1)} s`);
    }
    return medianCost(costs);
  };
  const just = (command: string[]) => async () => [command];
  const nothing = await measured('reading', just(limit('nothing')));
  const beyondReading = ({ cpu }: Cost) => ({ wall: null, cpu: cpu - nothing.cpu });

  const unpack = ['sh', '-c', 'ar p "$1" data.tar.xz | xz -T0 -dc >/dev/null', 'sh', deb];
  const xz = await measured('xz', just(unpack));
  const sha256 = beyondReading(await measured('sha256', just(limit('sha256'))));
  const deflate = beyondReading(await measured('deflate', just(limit('gzip'))));
  const zstd = beyondReading(await measured('zstd', just(limit('zstd'))));

  const start = await measured('start', just([...workshop.builder, '--help']));
  const gzipBuild = await measured('build, gzip', async () => {
    await forget();
    return [build('gzip')];
  });
  const wholeBuild = await measured('build', async () => {
    await forget();
    return [build('gzip,zstd')];
  });
  const again = await measured('build again', just(build('gzip,zstd')));
  const cached = await measured('build from the cache', async () => {
    await forgetLayout();
    return [build('gzip,zstd')];
  });
  const release = [...workshop.builder, 'release', ...only];
  // The first has findings to make, the second hashes what the first has made.
  for (const _ of [1, 2]) await costOf([release]);
  const released = await measured('release again', just(release));
  const check = await measured('check', just([...workshop.builder, 'check', '--output', layout]));
  // One sha256 of the contents for each of their packings; the compressed bytes are a fifth of them.
  const gzipLimit = xz.cpu + deflate.cpu + 2 * sha256.cpu;
  const wholeLimit = gzipLimit + zstd.cpu;

  const row = (
    name: string,
    cost: { wall: number | null; cpu: number },
    least: number | null,
    ours: boolean,
  ) => ({
    name,
    ours,
    values: [cost.wall, cost.cpu, least, least === null ? null : cost.cpu / least],
  });
  return {
    title: 'Limits',
    what: `Each stage for ${platform} beside the least that it has to do, the libraries' own work alone; in CPU time, which a busy machine hardly changes.`,
    columns: ['wall s', 'CPU s', 'least CPU s', 'times the least'],
    rows: [
      row('xz -dc of the package', xz, null, false),
      row('sha256 of the emulators', sha256, null, false),
      row('deflate, level 6', deflate, null, false),
      row('zstd', zstd, null, false),
      row('build, gzip alone: xz, deflate, sha256', gzipBuild, gzipLimit, true),
      row('build: the same, zstd', wholeBuild, wholeLimit, true),
      row('build again: a start of the program', again, start.cpu, true),
      row('build into a new layout from the cache: the same', cached, start.cpu, true),
      row('release again: the same', released, start.cpu, true),
      row(
        'check: sha256 of the contents, and of the three layers that they are in, those of common in five',
        check,
        (4 + 2 * COMMON) * sha256.cpu,
        true,
      ),
    ],
    claims: [],
    next: [
      'build: what zstd reads is what gzip packed, inflated again; kept on disk, it would be read as it is',
      'build: xz writes into a pipe, in parts that V8 collects garbage for; into a file, it would not',
    ],
  };
}
