import { hasStatus } from './errors.ts';

/** A removal: what is not there any more is removed, by an attempt whose answer was lost, or by another run. */
export async function ignoreMissing(removal: Promise<unknown>): Promise<void> {
  await removal.catch((error: unknown) => {
    if (!hasStatus(error, 404)) throw error;
  });
}
