import pLimit from 'p-limit';

/** Does work on the first item alone, so that a registry that cannot be reached is found out by one request. */
export async function firstAlone<Item, Done>(
  items: readonly Item[],
  work: (item: Item) => Promise<Done>,
): Promise<Done[]> {
  const [first, ...others] = items;
  return first === undefined ? [] : [await work(first), ...(await Promise.all(others.map(work)))];
}

/**
 * The same, with at most so many items at once. The first failure ends it, and what has not begun by then is left out.
 */
export async function atMost<Item, Done>(
  atOnce: number,
  items: readonly Item[],
  work: (item: Item) => Promise<Done>,
): Promise<Done[]> {
  const limit = pLimit(atOnce);
  try {
    return await firstAlone(items, (item) => limit(() => work(item)));
  } catch (error) {
    limit.clearQueue();
    throw error;
  }
}
