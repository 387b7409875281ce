import { basename, dirname } from 'node:path/posix';
import { PUBLIC_MIRROR, SNAPSHOT_SERVICE } from '@qemu-user-static/debian-archive';
import type { Lock, LockedPackage, LockedSource, SourceName } from './lock.ts';
import { sourceKey } from './locked.ts';

/** The sources of a package: its own, then those whose code is linked in. */
export function sourcesOf({ source, builtUsing }: LockedPackage): SourceName[] {
  return [source, ...builtUsing];
}

/** Where the archive has a file; once it has left the pool, `snapshotAddress` has it. */
export function poolAddress({ path }: { readonly path: string }): string {
  return `${PUBLIC_MIRROR.href}/${path}`;
}

/** Where Debian keeps a version of a source package for good. */
export function snapshotAddress({ package: name, version }: SourceName): string {
  return new URL(`package/${name}/${version}/`, SNAPSHOT_SERVICE).href;
}

/**
 * The file `SOURCES` of an image: each source package of a binary package with its files, their SHA-256 and
 * addresses. In the form of Debian's own Sources index, so that `grep-dctrl` and people can read it.
 * https://www.gnu.org/licenses/old-licenses/gpl-2.0.html section 3 asks for the source of what is passed on.
 */
export function sourcesText(locked: LockedPackage, sources: Lock['sources']): string {
  return sourcesOf(locked)
    .map((source) => paragraph(source, sources[sourceKey(source)]))
    .join('\n');
}

function paragraph(source: SourceName, found: LockedSource | undefined): string {
  const lines = [
    `Package: ${source.package}`,
    `Version: ${source.version}`,
    `Snapshot: ${snapshotAddress(source)}`,
  ];
  if (found === undefined) {
    lines.push('Comment: the suite no longer lists this version, so its hashes are not known here');
  } else {
    lines.push(
      // All are in one.
      ...found.files.slice(0, 1).map(({ path }) => `Directory: ${poolAddress({ path: dirname(path) })}`),
      'Checksums-Sha256:',
      ...found.files.map(({ path, size, sha256 }) => ` ${sha256} ${size} ${basename(path)}`),
    );
  }
  return `${lines.join('\n')}\n`;
}
