import type { HttpResponse } from './http.ts';
import { type TransferContext, transferring } from './transfer.ts';

/** Far above any InRelease file or answer of the snapshot service. */
const LIMIT_BYTES = 16 << 20;

/** A small file, and the headers it came with. */
export interface SmallFile extends Pick<HttpResponse, 'header'> {
  readonly bytes: Uint8Array;
}

/**
 * A small file whose size and hash nobody knows beforehand, in memory.
 *
 * @throws ArchiveError SIZE_DIFFERS past 16 MiB, and what `Http.get` throws
 */
export async function fetchSmall(
  url: URL,
  context: TransferContext,
  headers: Readonly<Record<string, string>> = {},
): Promise<SmallFile> {
  // Its size is not known, so it gets no time for its bytes: it is small.
  return transferring(url, 0, context, async ({ leftMs }) => {
    const bounds = { bytes: LIMIT_BYTES, ms: leftMs() };
    const { body, header } = await context.http.get(url, { headers, signal: context.signal, bounds });
    return { bytes: Buffer.concat(await Array.fromAsync(body)), header };
  });
}
