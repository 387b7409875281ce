import { BuilderError } from '../report/errors.ts';

/**
 * The names of busybox's applets, read from the program: what `busybox --list` prints, for a busybox of any CPU. The
 * program has them sorted, each ended by a NUL, and an empty one after the last. `[` and `[[` are the first.
 * https://git.busybox.net/busybox/tree/applets/applet_tables.c (`applet_names`)
 *
 * @throws BuilderError PACKAGE_CONTENT_MISSING
 */
export function appletsOf(busybox: Uint8Array): string[] {
  const bytes = Buffer.from(busybox.buffer, busybox.byteOffset, busybox.byteLength);
  const begin = bytes.indexOf('[\0[[\0');
  const end = bytes.indexOf('\0\0', begin);
  const names = begin < 0 || end < 0 ? [] : bytes.toString('latin1', begin, end).split('\0');
  if (!names.includes('sh') || names.some((name) => !/^[a-z0-9_[-]+$/.test(name)))
    throw new BuilderError(
      'PACKAGE_CONTENT_MISSING',
      'the shell’s package has a busybox without a list of applets',
    );
  return names;
}
