import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { HOST_PLATFORMS, type HostPlatform } from '@qemu-user-static/arch-table';
import { type LockedPlatform, lockedChannelOf, platformsOf, readLock } from '@qemu-user-static/lock';
import { type DockerRegistry, startDockerRegistry } from '@qemu-user-static/oci-registry/testing';
import { qemuScript } from '@qemu-user-static/register/bench/qemu-script';
import { $ } from 'zx';
import { startEngine, stopEngine } from '../e2e/engine-process.ts';
import { type EnginePlace, NEWER_ROOT, pidFileOf } from '../e2e/places.ts';
import { ROOT } from '../repository.ts';
import { debianBase } from './bases.ts';
import * as peers from './peers.ts';

/** Where everything is measured: a folder that machine and engines see, engines and packages. */
export interface Workshop {
  /** As this machine sees it. */
  readonly folder: string;
  readonly platforms: readonly HostPlatform[];
  /** Words that run the project's own program. */
  readonly builder: readonly string[];
  /** The same words for the program of another checkout. */
  inCache(program: readonly string[]): readonly string[];
  /** Empties the cache of layers: the packages stay. */
  forgetLayers(): Promise<void>;
  /** A new, empty registry, which only one part uses. The bases are in it. */
  registry(): Promise<DockerRegistry>;
  /** Words that run a script of peers.ts with an engine, in the folder. */
  onEngine(engine: Engine, script: string, ...words: readonly string[]): string[];
  /** The same without an engine. */
  onMachine(script: string, ...words: readonly string[]): string[];
  /** An engine of the workshop's own, begun when first asked for. Gives its process id. */
  engine(engine: Engine): Promise<number>;
  /** To be done at the end, however that comes. */
  atEnd(undo: () => Promise<unknown>): void;
  close(): Promise<void>;
}

/**
 * Debian's Docker Engine; `containerd` keeps its images in containerd's store, which BuildKit's OCI output needs;
 * `puller` builds nothing, so that it has no layer of any image.
 */
const FEATURES = { docker: {}, puller: {}, containerd: { 'containerd-snapshotter': true } } as const;
export type Engine = keyof typeof FEATURES;

export const tagOf = (platform: HostPlatform) => platform.replace('linux/', '').replaceAll('/', '-');

export const CHANNEL = 'latest';

/** @throws Error where the e2e set-up has not made its newer Debian */
export async function openWorkshop(platforms: readonly HostPlatform[]): Promise<Workshop> {
  if (process.getuid?.() !== 0) throw new Error('The benchmark starts engines, which needs root.');
  if (!existsSync(join(NEWER_ROOT, 'usr/sbin/dockerd')))
    throw new Error(`No engine in ${NEWER_ROOT}. Run: node tools/src/e2e/set-up.ts`);
  if (!existsSync('/usr/bin/buildah')) throw new Error('No buildah. Run: apt-get install buildah');
  await mkdir(join(NEWER_ROOT, 'var/tmp'), { recursive: true });
  const folder = await mkdtemp(join(NEWER_ROOT, 'var/tmp/bench-'));
  const inside = folder.slice(NEWER_ROOT.length);
  const places = (name: Engine): EnginePlace => ({
    name,
    root: NEWER_ROOT,
    folder: `${inside}/${name}`,
    features: FEATURES[name],
  });
  const cache = join(folder, 'cache');
  const inCache = (program: readonly string[]) => ['env', `IMAGE_BUILDER_CACHE=${cache}`, ...program];
  const engines = new Map<Engine, Promise<number>>();
  const registries: DockerRegistry[] = [];
  let bases: Promise<void> | undefined;
  const undoing: (() => Promise<unknown>)[] = [];

  const engine = (name: Engine) => {
    const begun = engines.get(name) ?? startEngine(places(name)).then(() => pidOf(places(name)));
    engines.set(name, begun);
    return begun;
  };
  const onEngine = (name: Engine, script: string, ...words: readonly string[]) => [
    ...['chroot', NEWER_ROOT, 'env', `DOCKER_HOST=unix://${inside}/${name}/engine.sock`, `HOME=${inside}`],
    ...['sh', '-euc', `cd ${inside}\n${script}`, 'sh', ...words],
  ];
  const onMachine = (script: string, ...words: readonly string[]) => [
    ...['sh', '-euc', `cd ${folder}\n${script}`, 'sh', ...words],
  ];
  try {
    await bringInputs(folder, platforms);
    const workshop: Workshop = {
      folder,
      platforms,
      builder: inCache([process.execPath, resolve(ROOT, 'apps/image-builder/src/main.js')]),
      inCache,
      forgetLayers: () => rm(join(cache, 'layers'), { recursive: true, force: true }),
      engine,
      onEngine,
      onMachine,
      atEnd: (undo) => undoing.push(undo),
      registry: async () => {
        bases ??= bringBases(folder, platforms);
        await bases;
        const registry = await startDockerRegistry();
        registries.push(registry);
        await pushBases(workshop, registry.name);
        return registry;
      },
      close,
    };
    return workshop;
  } catch (error) {
    await close();
    throw error;
  }

  async function close(): Promise<void> {
    for (const undo of undoing) await undo();
    await Promise.all(registries.map((registry) => registry.close()));
    for (const name of engines.keys()) await stopEngine(places(name));
    await rm(folder, { recursive: true, force: true });
  }
}

async function pidOf(place: EnginePlace): Promise<number> {
  return Number(await readFile(pidFileOf(place), 'utf8'));
}

/** The packages of the lock, by way of the project's own cache, and what else the recipes of others read. */
async function bringInputs(folder: string, platforms: readonly HostPlatform[]): Promise<void> {
  await mkdir(join(folder, 'packages'));
  await bringCache(join(folder, 'cache'));
  for (const [platform, locked] of await lockedPlatforms(platforms))
    await bringPackages(folder, platform, locked, await fetchedFiles(CHANNEL));
  const script = await qemuScript();
  await cp(script.path, join(folder, 'qemu-binfmt-conf.sh'));
  await chmod(join(folder, 'qemu-binfmt-conf.sh'), 0o755);
  await writeFile(join(folder, 'register'), peers.REGISTER, { mode: 0o755 });
  await writeFile(join(folder, 'Dockerfile'), peers.DOCKERFILE);
  await writeFile(join(folder, 'Dockerfile.multi'), peers.MULTI_DOCKERFILE);
  await writeFile(join(folder, 'policy.json'), '{"default":[{"type":"insecureAcceptAnything"}]}');
}

/** A cache of the workshop's own: what the machine's has of layers would be in the way, and is not to be removed. */
async function bringCache(folder: string): Promise<void> {
  await mkdir(join(folder, 'sha256'), { recursive: true, mode: 0o700 });
  for (const channel of Object.keys((await readLock(resolve(ROOT, 'sources.lock.json'))).channels))
    for (const file of (await fetchedFiles(channel)).values())
      await cp(file, join(folder, 'sha256', basename(file)));
}

/** Only when a part wants them: to make them takes minutes. */
async function bringBases(folder: string, platforms: readonly HostPlatform[]): Promise<void> {
  for (const platform of platforms)
    await cp(await debianBase(platform), join(folder, `base-${tagOf(platform)}.tar`));
}

export async function lockedPlatforms(
  platforms: readonly HostPlatform[] = HOST_PLATFORMS,
  channel = CHANNEL,
): Promise<[HostPlatform, LockedPlatform][]> {
  const lock = await readLock(resolve(ROOT, 'sources.lock.json'));
  return platformsOf(lockedChannelOf(lock, channel)).filter(([platform]) => platforms.includes(platform));
}

/** Paths in the archive to files in the cache. */
export async function fetchedFiles(channel: string): Promise<ReadonlyMap<string, string>> {
  const main = resolve(ROOT, 'apps/image-builder/src/main.js');
  const { stdout } = await $`${process.execPath} ${main} fetch --channel ${channel} --json`.quiet();
  const { packages } = JSON.parse(stdout) as { packages: { package: string; file: string }[] };
  return new Map(packages.map((found) => [found.package, found.file]));
}

/** Puts a platform's packages where the recipes of others look for them. */
export async function bringPackages(
  folder: string,
  platform: HostPlatform,
  { emulators, shell }: LockedPlatform,
  files: ReadonlyMap<string, string>,
): Promise<void> {
  const to = (part: string) => join(folder, 'packages', `${tagOf(platform)}-${part}.deb`);
  await cp(files.get(emulators.path) ?? '', to('emulators'));
  await cp(files.get(shell.path) ?? '', to('shell'));
}

/** Users take the base from a registry that has it, and it has the layers of it already when they push. */
async function pushBases(workshop: Workshop, registry: string): Promise<void> {
  await workshop.engine('docker');
  const script = `registry=$1
shift
images=
for platform; do
  name=$(echo "\${platform#linux/}" | tr / -)
  image=$registry/base:$name
  docker image inspect base:$name >/dev/null 2>&1 || docker import --platform "$platform" base-$name.tar base:$name
  docker tag base:$name "$image"
  docker push --quiet "$image"
  images="$images $image"
done
docker manifest create --insecure "$registry/base:latest" $images
docker manifest push --insecure --purge "$registry/base:latest"`;
  await $`${workshop.onEngine('docker', script, registry, ...workshop.platforms)}`.quiet();
}
