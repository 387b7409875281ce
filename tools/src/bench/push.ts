#!/usr/bin/env node
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import {
  blobPath,
  type Descriptor,
  type Layout,
  MEDIA_TYPE,
  REF_NAME,
  readIndex,
} from '@qemu-user-static/oci-image';
import { startDockerRegistry } from '@qemu-user-static/oci-registry/testing';
import { sidTool } from '../e2e/sid-tools.ts';
import { ROOT } from '../repository.ts';

// `node tools/src/bench/push.ts [--layout FOLDER] [--rounds N]`: the whole release to a docker-registry on this machine, by
// `publish`, `crane push` and `skopeo copy --all`, each into a fresh one, in an order that turns from round to round.
// Needs docker-registry and skopeo; crane is fetched from Debian sid.

const { values } = parseArgs({
  options: { layout: { type: 'string', default: 'dist/oci' }, rounds: { type: 'string', default: '5' } },
});
const layout: Layout = { folder: resolve(values.layout) };
const rounds = Number(values.rounds);

/** Seconds. The client's and the registry's are CPU time, of user and system. */
interface Cost {
  readonly wall: number;
  readonly client: number;
  readonly registry: number;
}

interface Contender {
  readonly name: string;
  /** Programs that are run one after the other. */
  commands(registry: string): readonly (readonly string[])[];
}

const crane = await sidTool('crane');
const tags = (await readIndex(layout)).manifests;
const enough = await tagsOfEveryImage(tags);
const publish = (registry: string) => [
  [process.execPath, resolve(ROOT, 'apps/image-builder/src/main.ts'), 'publish', '--push'],
  ['--from', layout.folder, '--to', `${registry}/o/q`],
];
const CONTENDERS: readonly Contender[] = [
  {
    name: `publish, ${tags.length} tags, each read back`,
    commands: (registry) => [publish(registry).flat()],
  },
  {
    name: 'crane push --index, everything under one tag',
    commands: (registry) => [[crane, 'push', '--index', '--insecure', layout.folder, `${registry}/o/q:all`]],
  },
  {
    name: `skopeo copy --all, ${enough.length} tags that have every image`,
    commands: (registry) =>
      enough.map((tag) => [
        ...['skopeo', 'copy', '--all', '--quiet', '--preserve-digests', '--dest-tls-verify=false'],
        ...['--insecure-policy', `oci:${layout.folder}:${tag}`, `docker://${registry}/o/q:${tag}`],
      ]),
  },
];
const AGAIN = `publish again, ${tags.length} tags, nothing to send`;

const costs = new Map<string, Cost[]>();
for (let round = 0; round < rounds; round++) {
  for (let turn = 0; turn < CONTENDERS.length; turn++) {
    const contender = CONTENDERS[(turn + round) % CONTENDERS.length] as Contender;
    const registry = await startDockerRegistry();
    try {
      const commands = contender.commands(registry.name);
      await note(contender.name, commands, registry.pid);
      if (contender === CONTENDERS[0]) await note(AGAIN, commands, registry.pid);
    } finally {
      await registry.close();
    }
  }
}

const row = (...cells: readonly string[]) =>
  cells.map((cell, index) => (index === 0 ? cell.padEnd(58) : cell.padStart(12))).join('');
console.log(row('median of', 'wall s', 'client CPU s', 'registry', 'all walls'));
for (const [name, measured] of costs) {
  const cell = (pick: (cost: Cost) => number) => median(measured.map(pick)).toFixed(1);
  const walls = measured.map(({ wall }) => wall.toFixed(1)).join(' ');
  console.log(
    `${row(
      name,
      cell(({ wall }) => wall),
      cell(({ client }) => client),
      cell(({ registry }) => registry),
    )}  ${walls}`,
  );
}

async function note(name: string, commands: readonly (readonly string[])[], registry: number): Promise<void> {
  // What an earlier one left to be written is not this one's cost.
  spawnSync('sync');
  const [begun, busy] = [performance.now(), cpuOf(registry)];
  let client = 0;
  for (const command of commands) client += await cpuToRun(command);
  const cost = { wall: (performance.now() - begun) / 1000, client, registry: cpuOf(registry) - busy };
  costs.set(name, [...(costs.get(name) ?? []), cost]);
  process.stderr.write(`${name}: ${cost.wall.toFixed(1)} s\n`);
}

/** Runs a program to its end; gives the CPU time it took, in seconds. `times` is POSIX: its second line is of children. */
async function cpuToRun(command: readonly string[]): Promise<number> {
  const script = '"$@" >/dev/null || exit; times';
  const shell = spawn('sh', ['-c', script, 'sh', ...command], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(shell, 'close') as Promise<[number | null]>;
  const [stdout, stderr, [code]] = await Promise.all([text(shell.stdout), text(shell.stderr), ended]);
  if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}: ${stderr}`);
  const [, children = ''] = stdout.split('\n');
  return Array.from(children.matchAll(/(\d+)m([\d.]+)s/g)).reduce(
    (sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds),
    0,
  );
}

/** CPU time of a process until now, in seconds. proc_pid_stat(5): utime and stime are fields 14 and 15, in hundredths. */
function cpuOf(pid: number): number {
  const [, fields = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
  const [utime, stime] = fields.split(' ').slice(11, 13);
  return (Number(utime) + Number(stime)) / 100;
}

/** As few tags as will do: one after the other, that which has most of the images that are not had yet. */
async function tagsOfEveryImage(tagged: readonly Descriptor[]): Promise<string[]> {
  const images = await Promise.all(
    tagged.map(async (descriptor) => {
      const tag = descriptor.annotations?.[REF_NAME] ?? '';
      if (descriptor.mediaType !== MEDIA_TYPE.index) return { tag, has: [descriptor.digest] };
      const document = await readFile(blobPath(layout, descriptor.digest), 'utf8');
      const { manifests } = JSON.parse(document) as { manifests: Descriptor[] };
      return { tag, has: manifests.map(({ digest }) => digest) };
    }),
  );
  const missing = new Set(images.flatMap(({ has }) => has));
  const chosen: string[] = [];
  while (missing.size > 0) {
    const gain = ({ has }: (typeof images)[number]) => has.filter((digest) => missing.has(digest)).length;
    const best = images.reduce((a, b) => (gain(b) > gain(a) ? b : a));
    chosen.push(best.tag);
    for (const digest of best.has) missing.delete(digest);
  }
  return chosen;
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}
