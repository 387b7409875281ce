import { crc32, createGunzip, inflateRawSync } from 'node:zlib';
import { giveBack } from './give-back.ts';

/** Bytes that come at a time where a member is not decompressed at once. */
const CHUNK = 1 << 18;

/** A member's content up to this is decompressed at once: the largest emulator has a quarter of it. */
const LARGEST = 1 << 26;

/** Bytes of a content that are tried first: most members hold a folder or an end. */
const SMALL = 1 << 12;

/** A buffer for most contents; a larger one is put together from parts. */
const USUAL = 20 << 20;

/** Magic number, deflate, no flags (RFC 1952, 2.3.1): the header of 10 bytes that the members of this project have. */
const PLAIN = Buffer.from([0x1f, 0x8b, 8, 0]);
const HEADER = 10;
const TRAILER = 8;

/**
 * The decompressed contents of a gzip file's members, in a row (RFC 1952, 2.2). A member comes as one chunk, if it is
 * neither large nor has fields that are rarely used. What came must not be used any more once the next is asked for.
 *
 * @throws Error for data that is not gzip, is cut short, or is followed by anything, zeros included, which zlib would skip
 */
export async function* gunzipMembers(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (let member = gzipMemberAt(bytes, at); member !== null; member = gzipMemberAt(bytes, at)) {
    at += member.length;
    yield member.content;
    giveBack(member.content);
    if (at === bytes.length) return;
  }
  yield* gunzipped(bytes.subarray(at));
}

/** A member's decompressed content, and how many bytes of the file it takes. */
export interface GzipMember {
  readonly content: Uint8Array;
  readonly length: number;
}

/** Null where it cannot be read at once. @throws Error where its content is damaged */
export function gzipMemberAt(bytes: Uint8Array, at: number): GzipMember | null {
  if (PLAIN.compare(bytes, at, at + PLAIN.length) !== 0) return null;
  const packed = bytes.subarray(at + HEADER);
  const inflated = inflate(packed, SMALL, SMALL) ?? inflate(packed, USUAL, LARGEST);
  if (inflated === null) return null;
  const { content, used } = inflated;
  const trailer = Buffer.from(packed.buffer, packed.byteOffset + used, packed.length - used);
  if (trailer.length < TRAILER) throw new Error('unexpected end of file');
  if (trailer.readUInt32LE(0) !== crc32(content)) throw new Error('incorrect data check');
  if (trailer.readUInt32LE(4) !== content.length) throw new Error('incorrect length check');
  return { content, length: HEADER + used + TRAILER };
}

/** Null where the content is larger than `most`. */
function inflate(
  packed: Uint8Array,
  chunkSize: number,
  most: number,
): { content: Uint8Array; used: number } | null {
  try {
    // A constant first: the type of the result does not have what `info` adds.
    const options = { chunkSize, maxOutputLength: most, info: true };
    const { buffer, engine } = inflateRawSync(packed, options) as unknown as {
      buffer: Uint8Array;
      engine: { bytesWritten: number };
    };
    return { content: buffer, used: engine.bytesWritten };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') return null;
    throw error;
  }
}

async function* gunzipped(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  const raw = createGunzip({ chunkSize: CHUNK });
  raw.end(bytes);
  for await (const chunk of raw) yield chunk;
  if (raw.bytesWritten !== bytes.length)
    throw new Error(`${bytes.length - raw.bytesWritten} bytes follow its end`);
}
