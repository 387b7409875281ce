import { isCodedError } from '@qemu-user-static/errors';
import {
  type EarlyPackage,
  earlyPackages,
  type Lock,
  type Sources,
  type UpdateContext,
} from '@qemu-user-static/lock';

/** Emulators that channels may get, for linux/amd64. What cannot be read of them stops nothing: they are not published. */
export async function trackEarly(
  sources: Sources,
  lock: Lock,
  context: UpdateContext,
): Promise<EarlyPackage[]> {
  try {
    return await earlyPackages(sources, lock, 'linux/amd64', context);
  } catch (error) {
    if (!isCodedError(error)) throw error;
    context.onEvent({ type: 'note', text: `early packages are not known: ${error.code}: ${error.message}` });
    return [];
  }
}
