import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import {
  compareVersions,
  type FetchContext,
  fetchFile,
  type PoolPackage,
  parseStanza,
  type Suite,
} from '@qemu-user-static/debian-archive';
import { at, once, withSid } from './archive.ts';

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
