import type { DownloadContext } from './download.ts';
import { ArchiveError } from './errors.ts';
import type { HttpResponse } from './http.ts';
import { PATIENT, withRetries } from './retry.ts';
import { withoutCredentials } from './urls.ts';

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
  context: Omit<DownloadContext, 'cache'>,
  headers: Readonly<Record<string, string>> = {},
): Promise<SmallFile> {
  const { http, onEvent, signal, retry = PATIENT } = context;
  const attempt = async () => {
    const { body, header } = await http.get(url, { headers, signal });
    const chunks: Uint8Array[] = [];
    let received = 0;
    for await (const chunk of body) {
      chunks.push(chunk);
      received += chunk.length;
      if (received > LIMIT_BYTES) {
        throw new ArchiveError(
          'SIZE_DIFFERS',
          `${withoutCredentials(url)} has more than ${LIMIT_BYTES} bytes`,
        );
      }
    }
    return { bytes: Buffer.concat(chunks), header };
  };
  return withRetries(attempt, retry, signal, (error, delay) =>
    onEvent?.({ type: 'fetch-retry', url: withoutCredentials(url), error, delay }),
  );
}
