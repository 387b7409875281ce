import { spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { access, chmod, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import {
  cacheFolder,
  chooseMirror,
  compareVersions,
  type FetchContext,
  fetchFile,
  fetchPackageIndex,
  type Http,
  loadArchiveKeys,
  openHttp,
  openSuite,
  type PoolPackage,
  parseStanza,
  readAptSources,
  readDeb,
  type Suite,
} from '@qemu-user-static/debian-archive';

const ARCHITECTURES: Readonly<Record<string, string>> = {
  x64: 'amd64',
  arm64: 'arm64',
  ppc64: 'ppc64el',
  s390x: 's390x',
};

/** Debian's name of this machine's architecture, where its emulators can be run. */
const architecture = ARCHITECTURES[process.arch];

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

function at(path: string): URL {
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

async function withSid<T>(work: (sid: Suite, context: FetchContext) => Promise<T>): Promise<T> {
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

/** Debian's qemu-user of sid, unpacked once: `emulators/qemu-*-static`, as in the images, and `binfmt.d/*.conf`. */
export interface QemuUser {
  readonly version: string;
  readonly emulators: string;
  readonly binfmt: string;
}

export async function qemuUser(): Promise<QemuUser> {
  return withSid(async (sid, context) => {
    const found = (await fetchPackageIndex(sid, architecture ?? '', ['qemu-user'])).get('qemu-user');
    const folder = await once(`qemu-user-${found.sha256}`, async (unpacked) => {
      await Promise.all([mkdir(join(unpacked, 'emulators')), mkdir(join(unpacked, 'binfmt.d'))]);
      const path = await fetchFile(found, context);
      for await (const entry of readDeb(createReadStream(path), found)) {
        const [, emulator] = /^usr\/bin\/(qemu-[^/]+)$/.exec(entry.path) ?? [];
        const [, conf] = /^usr\/share\/qemu\/binfmt\.d\/([^/]+\.conf)$/.exec(entry.path) ?? [];
        if (emulator !== undefined) {
          const file = join(unpacked, 'emulators', `${emulator}-static`);
          await writeFile(file, await entry.read());
          await chmod(file, 0o755);
        }
        if (conf !== undefined) await writeFile(join(unpacked, 'binfmt.d', conf), await entry.read());
      }
    });
    return { version: found.version, emulators: join(folder, 'emulators'), binfmt: join(folder, 'binfmt.d') };
  });
}

/** QEMU's own qemu-binfmt-conf.sh, out of the newest source of QEMU that the archive still has. */
export interface QemuScript {
  readonly version: string;
  readonly path: string;
}

export async function qemuScript(): Promise<QemuScript> {
  return withSid(async (sid, context) => {
    for (const { version, source } of await qemuSources(sid, context)) {
      const has = await context.http.get(at(source.path)).then(
        (response) => {
          response.discard();
          return true;
        },
        () => false,
      );
      if (!has) continue;
      const folder = await once(`qemu-script-${source.sha256}`, async (unpacked) => {
        const tarball = await fetchFile(source, context);
        await untar(tarball, '*/scripts/qemu-binfmt-conf.sh', join(unpacked, 'qemu-binfmt-conf.sh'));
      });
      return { version, path: join(folder, 'qemu-binfmt-conf.sh') };
    }
    throw new Error("the archive has no source of QEMU's");
  });
}

/** QEMU's source tarballs in sid's index, the newest first. */
async function qemuSources(
  sid: Suite,
  context: FetchContext,
): Promise<{ version: string; source: PoolPackage }[]> {
  const name = 'main/source/Sources.xz';
  const entry = sid.release.files.get(name);
  if (entry === undefined) throw new Error(`sid has no ${name}`);
  const index = {
    ...entry,
    path: `dists/sid/main/source/by-hash/SHA256/${entry.sha256}`,
    package: name,
    version: '',
    architecture: 'source',
  };
  const path = await fetchFile(index, context);
  const found = [];
  for (const paragraph of await paragraphs(path, 'Package: qemu')) {
    const fields = parseStanza(paragraph);
    const version = fields.get('version') ?? '';
    const [, sha256 = '', size = '', file = ''] =
      /([0-9a-f]{64}) (\d+) (\S+\.orig\.tar\.xz)$/m.exec(fields.get('checksums-sha256') ?? '') ?? [];
    const source = {
      package: 'qemu',
      version,
      architecture: 'source',
      path: `${fields.get('directory')}/${file}`,
      size: Number(size),
      sha256,
    };
    found.push({ version, source });
  }
  return found.sort((a, b) => compareVersions(b.version, a.version));
}

/** The paragraphs of an index that begin with a line. */
async function paragraphs(path: string, first: string): Promise<string[]> {
  const { stdout } = spawn('xz', ['-dc', path], { stdio: ['ignore', 'pipe', 'inherit'] });
  const found: string[] = [];
  let current: string[] | undefined;
  for await (const line of createInterface({ input: stdout })) {
    if (line === '') {
      if (current) found.push(current.join('\n'));
      current = undefined;
    } else if (line === first) current = [line];
    else current?.push(line);
  }
  return found;
}

async function untar(tarball: string, pattern: string, to: string): Promise<void> {
  const tar = spawn('tar', ['-xJOf', tarball, '--wildcards', pattern], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const chunks: Buffer[] = [];
  for await (const chunk of tar.stdout) chunks.push(chunk);
  await writeFile(to, Buffer.concat(chunks), { mode: 0o755 });
}

/** A folder of the cache, made by `fill` if it is not there: whole, whoever else makes it at the same time. */
async function once(name: string, fill: (folder: string) => Promise<void>): Promise<string> {
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
