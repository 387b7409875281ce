import type { Lock } from '@qemu-user-static/lock';
import { renderRegisterScript } from '@qemu-user-static/register';
import type { Proof } from '../check/proof.ts';
import type { BuildInputs } from './inputs.ts';
import { lockedPackages } from './packages.ts';

/** What images of a lock are compared with: the packages in the archive or its cache, and this checkout. */
export function proofOf(
  lock: Lock,
  { template, archive, source }: Pick<BuildInputs, 'template' | 'archive' | 'source'>,
): Proof {
  const script = renderRegisterScript(source);
  return { lock, template, script, packages: lockedPackages(archive), memory: archive.cache };
}
