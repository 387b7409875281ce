import { gzipSync } from 'node:zlib';
import {
  assembleImage,
  assembleIndex,
  createBlob,
  createLayout,
  type Descriptor,
  digestOf,
  END_OF_ARCHIVE,
  type Layout,
  type Platform,
  putDocument,
  REF_NAME,
  tarEntry,
  writeIndex,
} from '../index.ts';

/** A layout with one image of one file for each platform: the first has a tag `one` of its own, `all` lists every one. */
export async function makeSmallLayout(folder: string, platforms: readonly Platform[]): Promise<Layout> {
  const layout = await createLayout(folder);
  const manifests: Descriptor[] = [];
  for (const platform of platforms) {
    const content = Buffer.from(`for ${Object.values(platform).join('/')}`);
    const file = tarEntry({ path: 'note', type: 'file', mode: 0o644, size: content.length }, content, 0);
    const tar = Buffer.concat([...file, END_OF_ARCHIVE]);
    const blob = await createBlob(layout);
    await blob.write(gzipSync(tar));
    const layer = {
      ...(await blob.commit()),
      compression: 'gzip' as const,
      diffId: digestOf(tar),
      createdBy: 'COPY note /',
    };
    const run = { env: [], entrypoint: ['/none'], cmd: [], labels: {} };
    const image = assembleImage(platform, [layer], run, 0, {});
    await putDocument(layout, image.config);
    await putDocument(layout, image.manifest);
    manifests.push({ ...image.manifest.descriptor, platform });
  }
  const index = assembleIndex(manifests, {});
  await putDocument(layout, index);
  await writeIndex(layout, [
    { ...index.descriptor, annotations: { [REF_NAME]: 'all' } },
    ...manifests.slice(0, 1).map((one) => ({ ...one, annotations: { [REF_NAME]: 'one' } })),
  ]);
  return layout;
}
