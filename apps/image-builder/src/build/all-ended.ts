/** As `Promise.all`, but it ends when all have ended: what has failed as a whole writes nothing any more. */
export async function allEnded<T>(work: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(work);
  return Promise.all(work);
}
