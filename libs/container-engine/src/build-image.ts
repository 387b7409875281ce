import { Readable } from 'node:stream';
import { printable } from '@qemu-user-static/errors';
import type Docker from 'dockerode';
import { EngineError } from './errors.ts';
import { readProgress } from './progress.ts';

/** The input of an engine's build, and the name of the image. */
export interface EngineBuild {
  readonly platform: string;
  readonly name: string;
}

/**
 * Builds an image of a context, a tar archive with its Dockerfile, and returns the image's ID.
 * The classic builder would label an image of another platform as the engine's own, so it is BuildKit (`version` 2).
 * https://docs.docker.com/reference/api/engine/version/v1.41/#operation/ImageBuild
 * @throws EngineError ENGINE_BUILD_FAILED
 */
export async function buildImage(
  docker: Docker,
  context: AsyncIterable<Uint8Array>,
  { platform, name }: EngineBuild,
): Promise<string> {
  // An error of the context is thrown as it is: the engine sees only that the archive ends.
  const broken: unknown[] = [];
  const sent = Readable.from(context, { objectMode: false }).once('error', (error) => broken.push(error));
  try {
    const answer = await docker.buildImage(sent, { version: '2', platform, t: name });
    await readProgress(answer);
    return (await docker.getImage(name).inspect()).Id;
  } catch (cause) {
    const [first] = broken;
    if (first !== undefined) throw first;
    throw new EngineError(
      'ENGINE_BUILD_FAILED',
      `the engine did not build ${name}: ${printable((cause as Error).message)}`,
      cause,
    );
  }
}
