import { hash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import Docker from 'dockerode';
import { unpackTar } from 'modern-tar';

/** An image as an engine gives it back. */
export interface SavedImage {
  /** Of each path: what it is, mode, owner, and what is in it. Times are left out. */
  readonly tree: Readonly<Record<string, string>>;
  readonly platform: string;
  /** How it is run; what says nothing is left out. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** Reads an image of the engine at `host` (as DOCKER_HOST has it), as `docker save` writes it. https://github.com/moby/docker-image-spec/blob/v1.3.1/spec.md */
export async function saveImage(name: string, host: string): Promise<SavedImage> {
  process.env.DOCKER_HOST = host;
  const archive = await buffer(await new Docker().getImage(name).get());
  const files = await filesIn(archive);
  const read = (path: string) => Buffer.from(files.get(path)?.data ?? []);
  const [manifest] = JSON.parse(read('manifest.json').toString()) as [{ Config: string; Layers: string[] }];
  const { os, architecture, variant, config } = JSON.parse(read(manifest.Config).toString());
  const tree: Record<string, string> = {};
  for (const layer of manifest.Layers)
    for (const [path, { header, data }] of await filesIn(read(layer)))
      tree[path] = [
        header.type,
        // Old engines write the file's type into the mode as well.
        ((header.mode ?? 0) & 0o7777).toString(8),
        `${header.uid}:${header.gid}`,
        header.linkname || (data?.length ? hash('sha256', data) : ''),
      ].join(' ');
  return {
    tree: Object.fromEntries(Object.entries(tree).sort(([a], [b]) => (a < b ? -1 : 1))),
    platform: [os, architecture, ...(variant ? [variant] : [])].join('/'),
    config: Object.fromEntries(Object.entries(config).filter(([, value]) => saysSomething(value))),
  };
}

async function filesIn(tar: Uint8Array) {
  const entries = await unpackTar(tar, { strict: true });
  return new Map(entries.map((entry) => [entry.header.name.replace(/^\.?\/|\/$/g, ''), entry]));
}

/** Engines write every field there is, also where nothing was asked for. */
function saysSomething(value: unknown): boolean {
  return value !== null && value !== '' && value !== false;
}
