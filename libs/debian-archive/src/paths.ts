import { ArchiveError } from './errors.ts';

/**
 * The path as it is, if it stays below where it starts: relative, no empty, `.` or `..` segment, no
 * backslash and no control character.
 *
 * @throws ArchiveError PATH_UNSAFE, naming `where` the path was found
 */
export function requireSafePath(path: string, where: string): string {
  const climbs = path.split('/').some((segment) => segment === '' || segment === '.' || segment === '..');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused
  if (climbs || /[\\\u0000-\u001f\u007f]/.test(path)) {
    throw new ArchiveError('PATH_UNSAFE', `${where} has the path ${JSON.stringify(path)}`);
  }
  return path;
}
