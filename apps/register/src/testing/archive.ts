import { access, chmod, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  cacheFolder,
  chooseMirror,
  type FetchContext,
  type Http,
  loadArchiveKeys,
  openHttp,
  openSuite,
  readAptSources,
  type Suite,
} from '@qemu-user-static/debian-archive';

const ARCHITECTURES: Readonly<Record<string, string>> = {
  x64: 'amd64',
  arm64: 'arm64',
  ppc64: 'ppc64el',
  s390x: 's390x',
};

/** Debian's name of this machine's architecture, where its emulators can be run. */
export const architecture = ARCHITECTURES[process.arch];

const CACHE = join(cacheFolder(process.env), 'register-tests');

const { url: mirror } = chooseMirror({
  option: undefined,
  environment: process.env,
  sources: undefined,
  aptConfiguration: await readAptSources(),
});

/** Why Debian's archive is of no use here, or nothing. */
export const NO_ARCHIVE = await whyNot();

async function whyNot(): Promise<string | undefined> {
  if (process.env.OFFLINE) return 'OFFLINE is set';
  if (architecture === undefined) return `Debian's qemu-user is not for ${process.arch}`;
  return withHttp(async (http) => {
    try {
      (await http.get(at('dists/sid/InRelease'))).discard();
      return undefined;
    } catch (error) {
      return `the mirror cannot be reached: ${(error as { code?: string }).code}`;
    }
  });
}

/** A file of the mirror. */
export function at(path: string): URL {
  return new URL(`${mirror.href.replace(/\/$/, '')}/${path}`);
}

async function withHttp<T>(work: (http: Http) => Promise<T>): Promise<T> {
  const http = openHttp(process.env);
  try {
    return await work(http);
  } finally {
    await http.close();
  }
}

/** Opens sid; what is in its index can be fetched with the context. */
export async function withSid<T>(work: (sid: Suite, context: FetchContext) => Promise<T>): Promise<T> {
  return withHttp(async (http) => {
    // Tests may read an expired Release: a mirror may lag behind, and nothing of it is published.
    const context = {
      keys: await loadArchiveKeys(),
      now: new Date(),
      acceptExpired: true,
      cache: cacheFolder(process.env),
      http,
    };
    const sid = await openSuite(mirror, { origin: 'Debian', suite: 'unstable', codename: 'sid' }, context);
    return work(sid, { ...context, mirror, snapshot: mirror });
  });
}

/** A folder of the cache, made by `fill` if it is not there: whole, whoever else makes it at the same time. */
export async function once(name: string, fill: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(CACHE, name);
  const exists = await access(folder).then(
    () => true,
    () => false,
  );
  if (exists) return folder;
  await mkdir(CACHE, { recursive: true });
  const making = await mkdtemp(join(CACHE, '.making-'));
  await fill(making);
  await chmod(making, 0o755);
  await rename(making, folder).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    await rm(making, { recursive: true });
  });
  return folder;
}
