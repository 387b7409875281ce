import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { ConformanceError } from './errors.ts';
import { openNamespace } from './namespace.ts';

const PROGRAMS = ['mmdebstrap', 'chroot', 'unshare', 'nsenter', 'setpriv', 'mount', 'bash'];

/**
 * Finds out in a moment what would stop a run of hours.
 * @throws ConformanceError CHECKS_NEED_ROOT, CHECKS_NEED_PROGRAM, CHECKS_NEED_NAMESPACE
 */
export async function assertMachine(): Promise<void> {
  if (process.getuid?.() !== 0) throw new ConformanceError('CHECKS_NEED_ROOT', 'this user is not root');
  const missing = PROGRAMS.filter((name) => !isOnPath(name));
  if (missing.length > 0)
    throw new ConformanceError('CHECKS_NEED_PROGRAM', `not installed: ${missing.join(', ')}`);
  await using _ = await openNamespace([]);
}

function isOnPath(name: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
