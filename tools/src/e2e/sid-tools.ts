import { createReadStream, existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fetchFile, fetchPackageIndex, readDeb } from '@qemu-user-static/debian-archive';
import { withDebian } from './debian.ts';
import { FOLDER } from './places.ts';

/** Clients of registries that no stable Debian has; each is a package of its name, with one program of that name. */
export type SidTool = 'cosign' | 'crane' | 'oras';

/** The path of a program of Debian sid, which is fetched, checked and unpacked unless it is there already. */
export async function sidTool(name: SidTool): Promise<string> {
  const folder = join(FOLDER, 'sid');
  const path = join(folder, name);
  if (existsSync(path)) return path;
  const program = await withDebian(async ({ suite, context }) => {
    const index = await fetchPackageIndex(await suite('sid'), 'amd64', [name]);
    const found = index.get(name);
    let bytes: Uint8Array | undefined;
    // To its end: only then is the whole package known to be the one that was signed.
    for await (const entry of readDeb(createReadStream(await fetchFile(found, context)), found))
      if (entry.path === `usr/bin/${name}`) bytes = await entry.read();
    return bytes;
  });
  if (program === undefined) throw new Error(`the package ${name} has no program of that name`);
  await mkdir(folder, { recursive: true });
  await writeFile(`${path}.${process.pid}`, program, { mode: 0o755 });
  await rename(`${path}.${process.pid}`, path);
  return path;
}

/** SPDX's own validator, and the Python modules that it needs; none of them is in the Debian that this machine may be. */
const SPDX_TOOLS = [
  'python3-spdx-tools',
  'python3-beartype',
  'python3-boolean',
  'python3-click',
  'python3-license-expression',
  'python3-ply',
  'python3-pyparsing',
  'python3-rdflib',
  'python3-semantic-version',
  'python3-uritools',
  'python3-xmltodict',
  'python3-yaml',
];

/** A folder for PYTHONPATH in which `python3 -m spdx_tools.spdx.clitools.pyspdxtools` is found. */
export async function spdxTools(): Promise<string> {
  const folder = join(FOLDER, 'sid', 'spdx-tools');
  if (existsSync(folder)) return folder;
  const temporary = `${folder}.${process.pid}`;
  const inside = 'usr/lib/python3/dist-packages/';
  await withDebian(async ({ suite, context }) => {
    const index = await fetchPackageIndex(await suite('sid'), 'amd64', SPDX_TOOLS);
    for (const name of SPDX_TOOLS) {
      const found = index.get(name);
      for await (const entry of readDeb(createReadStream(await fetchFile(found, context)), found)) {
        if (entry.type !== 'file' || !entry.path.startsWith(inside)) continue;
        const path = join(temporary, entry.path.slice(inside.length));
        await mkdir(dirname(path), { recursive: true });
        await writeFile(path, await entry.read());
      }
    }
  });
  await rm(folder, { recursive: true, force: true });
  await rename(temporary, folder);
  return folder;
}
