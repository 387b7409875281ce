import { ArchiveError } from './errors.ts';

/** Of Linux's limits.h. Work on a path may grow with the square of its length. */
const PATH_MAX = 4096;

/**
 * The path as it is, if it stays below where it starts: relative, no empty, `.` or `..` segment, no
 * backslash and no control character, and no longer than Linux allows.
 *
 * @throws ArchiveError PATH_UNSAFE, naming `where` the path was found
 */
export function requireSafePath(path: string, where: string): string {
  if (path.length > PATH_MAX) {
    throw new ArchiveError('PATH_UNSAFE', `${where} has a path of ${path.length} characters`);
  }
  const climbs = path.split('/').some((segment) => segment === '' || segment === '.' || segment === '..');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused
  if (climbs || /[\\\u0000-\u001f\u007f-\u009f]/.test(path)) {
    throw new ArchiveError('PATH_UNSAFE', `${where} has the path ${JSON.stringify(path)}`);
  }
  return path;
}
