import type { Alterations, Json } from '@qemu-user-static/oci-image/testing';
import { type ParsedTarEntryWithData, packTar, unpackTar } from 'modern-tar';

// Alterations of a layout, for `alterLayout`, which gives everything above what is altered the digests that fit.

export type Entry = ParsedTarEntryWithData;

/** Changes the archives of layers that have the path, as `change` says. */
export const inLayerWith = (
  path: string,
  change: (entries: Entry[], entry: Entry) => Entry[],
): Alterations => ({
  tar: async (archive) => {
    const entries = await unpackTar(archive, { strict: true });
    const entry = entries.find(({ header }) => header.name.replace(/\/$/, '') === path);
    if (entry === undefined) return archive;
    const changed = change(entries, entry);
    return Buffer.from(
      await packTar(changed.map(({ header, data }) => ({ header, ...(data && { body: data }) }))),
    );
  },
});
export const changed = (path: string, header: Partial<Entry['header']>, data?: Buffer) =>
  inLayerWith(path, (entries, entry) =>
    entries.map((one) =>
      one === entry
        ? {
            header: { ...one.header, ...header, ...(data && { size: data.length }) },
            ...((data ?? one.data) && { data: (data ?? one.data) as never }),
          }
        : one,
    ),
  );
export const altered = (path: string) =>
  inLayerWith(path, (entries, entry) => {
    const data = Buffer.concat([entry.data ?? Buffer.alloc(0), Buffer.from('evil')]);
    return entries.map((one) =>
      one === entry ? { header: { ...one.header, size: data.length }, data: data as never } : one,
    );
  });
export const removed = (path: string) =>
  inLayerWith(path, (entries, entry) => entries.filter((one) => one !== entry));
export const added = (beside: string, header: Entry['header'], content = 'x') =>
  inLayerWith(beside, (entries) => [
    ...entries,
    { header: { ...header, size: content.length }, data: Buffer.from(content) as never },
  ]);
export const file = (name: string) =>
  ({ name, type: 'file', mode: 0o755, uid: 0, gid: 0, size: 0, mtime: new Date(0) }) as const;
export const ofIndex = (change: (manifests: Json[]) => Json[]): Alterations => ({
  index: (index) => ({ ...index, manifests: change(index.manifests) }),
});
export const labelled = (key: string, value: string): Alterations => ({
  config: (config) => ({
    ...config,
    config: { ...config.config, Labels: { ...config.config.Labels, [key]: value } },
  }),
  manifest: (manifest) => ({ ...manifest, annotations: { ...manifest.annotations, [key]: value } }),
});
export const run = (change: Json): Alterations => ({
  config: (config) => ({ ...config, config: { ...config.config, ...change } }),
});
export const tagged = (name: string): Alterations => ({
  top: ({ manifests: [one], ...rest }) => ({
    ...rest,
    manifests: [{ ...one, annotations: { ...one.annotations, 'org.opencontainers.image.ref.name': name } }],
  }),
});
