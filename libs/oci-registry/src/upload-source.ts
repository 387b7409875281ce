import { LocalContentError } from './errors.ts';
import type { OnEvent } from './events.ts';
import type { Body } from './transport.ts';

/** A blob to be sent: what it is, and its bytes from any offset on, as often as they are needed. */
export interface BlobSource {
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  /** A piece may reuse the memory of the one before: it is handed to the network before the next one is asked for. */
  open(offset: number): AsyncIterable<Uint8Array>;
}

/** So many bytes of a blob from an offset on, as the body of a request. Reports how far it is. */
export function partOf(
  source: BlobSource,
  offset: number,
  size: number,
  repository: string,
  onEvent: OnEvent,
): Body {
  const onSent = (sent: number) => {
    const { digest, size: all } = source;
    onEvent({ type: 'upload-progress', repository, digest, sent: offset + sent, size: all });
  };
  return { size, open: () => slice(source, offset, size, onSent) };
}

/** @throws LocalContentError UPLOAD_SOURCE_WRONG */
async function* slice(
  { digest, size, open }: BlobSource,
  offset: number,
  length: number,
  onSent: (sent: number) => void,
): AsyncGenerator<Uint8Array> {
  let left = length;
  if (left === 0) return;
  try {
    for await (const chunk of open(offset)) {
      const bytes = chunk.subarray(0, left);
      left -= bytes.byteLength;
      yield bytes;
      onSent(length - left);
      if (left === 0) return;
    }
  } catch (error) {
    throw new LocalContentError('UPLOAD_SOURCE_WRONG', `blob ${digest} cannot be read`, error);
  }
  const words = `blob ${digest} ends ${left} bytes before its size, ${size}`;
  throw new LocalContentError('UPLOAD_SOURCE_WRONG', words);
}
