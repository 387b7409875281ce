import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { HOST_PLATFORMS, type HostPlatform, host } from '@qemu-user-static/arch-table';
import { printable } from '@qemu-user-static/errors';
import type Docker from 'dockerode';
import { buildImage, type EngineBuild } from './build-image.ts';
import { EngineError } from './errors.ts';
import { readProgress } from './progress.ts';

/** How a container is run: alone, without a network, and removed afterwards. */
export interface ContainerRun {
  readonly image: string;
  readonly entrypoint?: readonly string[];
  readonly words: readonly string[];
  /** The rights it gets; by default an engine's usual ones. */
  readonly rights?: Rights;
}

export interface Rights {
  /** As `docker run` has it. */
  readonly name: string;
  readonly host: Docker.HostConfig;
}

/** How it ended. */
export interface ContainerOutcome {
  /** Null where the engine could not start its program, or it did not end; stderr then says why. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A container engine that speaks Docker's API: Docker Engine, or Podman's service. */
export interface Engine {
  /** Such as `Docker Engine 26.1.5 (linux/amd64)`. */
  readonly description: string;
  /** The host platform whose images it runs without an emulator; null if the table does not have it. */
  readonly platform: HostPlatform | null;
  /** Loads an archive of images, and returns what the engine printed. */
  load(archive: AsyncIterable<Uint8Array>): Promise<string>;
  /** Builds the image of a context, a tar archive, and returns its ID. */
  build(context: AsyncIterable<Uint8Array>, image: EngineBuild): Promise<string>;
  run(container: ContainerRun): Promise<ContainerOutcome>;
  removeImage(name: string): Promise<void>;
}

/**
 * The engine that DOCKER_HOST names, by default the one on /var/run/docker.sock.
 * @throws EngineError ENGINE_UNREACHABLE
 */
export async function connectEngine(): Promise<Engine> {
  // Reads DOCKER_HOST, DOCKER_TLS_VERIFY and DOCKER_CERT_PATH as docker's own client does.
  // Loaded here: a release on a machine without an engine should not wait for it.
  const { default: Client } = await import('dockerode');
  const docker = new Client();
  const version = await docker.version().catch((cause: Error) => {
    throw new EngineError(
      'ENGINE_UNREACHABLE',
      `no container engine answers: ${printable(cause.message)}`,
      cause,
    );
  });
  const { Version, Os, Arch } = version;
  const name = version.Platform?.Name || version.Components?.[0]?.Name || 'engine';
  return {
    description: `${name === 'Engine' ? 'Docker Engine' : name} ${Version} (${Os}/${Arch})`,
    platform: HOST_PLATFORMS.find((platform) => host(platform).architecture === Arch) ?? null,
    load: (archive) => load(docker, archive),
    build: (context, image) => buildImage(docker, context, image),
    run: (container) => run(docker, container),
    removeImage: (image) =>
      docker
        .getImage(image)
        .remove({ force: true })
        .then(() => undefined),
  };
}

/** https://docs.docker.com/reference/api/engine/version/v1.41/#operation/ImageLoad */
async function load(docker: Docker, archive: AsyncIterable<Uint8Array>): Promise<string> {
  try {
    const answer = await docker.loadImage(Readable.from(archive, { objectMode: false }), { quiet: true });
    const lines = await readProgress(answer);
    const said = lines.map(({ stream = '' }) => stream).join('');
    if (said.trim() === '') throw new Error('its answer does not name an image');
    return said.trim();
  } catch (cause) {
    throw new EngineError(
      'ENGINE_REFUSED',
      `the engine did not load the image: ${printable((cause as Error).message)}`,
      cause,
    );
  }
}

/** Milliseconds for one container: an emulator that crashes as process 1 waits for ever, as its own signal is not delivered. */
const PATIENCE = 30_000;

/** Waits for a container's end; null if it does not end in time. */
async function exitCode(container: Docker.Container): Promise<number | null> {
  const patience = AbortSignal.timeout(PATIENCE);
  try {
    const { StatusCode } = (await container.wait({ abortSignal: patience })) as { StatusCode: number };
    return StatusCode;
  } catch (error) {
    if (!patience.aborted) throw error;
    await container.kill();
    return null;
  }
}

async function run(
  docker: Docker,
  { image, entrypoint, words, rights }: ContainerRun,
): Promise<ContainerOutcome> {
  const container = await docker.createContainer({
    Image: image,
    ...(entrypoint !== undefined && { Entrypoint: [...entrypoint] }),
    Cmd: [...words],
    HostConfig: { NetworkMode: 'none', LogConfig: { Type: 'json-file', Config: {} }, ...rights?.host },
  });
  try {
    const problem = await container.start().then(
      () => null,
      (error: Error & { json?: { message?: string } }) => error.json?.message ?? error.message,
    );
    if (problem !== null) return { code: null, stdout: '', stderr: problem };
    const code = await exitCode(container);
    const log = await readLog(docker, container);
    if (code !== null) return { code, ...log };
    return { code, ...log, stderr: `${log.stderr}it did not end in ${PATIENCE / 1000} s` };
  } finally {
    await container.remove({ force: true });
  }
}

/** The output of a container that has ended. */
async function readLog(
  docker: Docker,
  container: Docker.Container,
): Promise<{ stdout: string; stderr: string }> {
  const log = await container.logs({ stdout: true, stderr: true, follow: true });
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  docker.modem.demuxStream(log, stdout, stderr);
  const end = (error?: Error) => {
    for (const stream of [stdout, stderr]) error === undefined ? stream.end() : stream.destroy(error);
  };
  log.once('end', () => end()).once('error', end);
  const [said, complained] = await Promise.all([text(stdout), text(stderr)]);
  return { stdout: said, stderr: complained };
}
