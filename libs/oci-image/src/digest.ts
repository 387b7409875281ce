import { createHash, hash } from 'node:crypto';

/** `sha256:` and 64 hexadecimal digits. https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#digests */
export type Digest = `sha256:${string}`;

/** The digest of bytes that are in memory as a whole. */
export function digestOf(bytes: Uint8Array | string): Digest {
  return `sha256:${hash('sha256', bytes)}`;
}

/** A digest and a size that grow with the bytes shown to it. */
export interface RunningDigest {
  update(bytes: Uint8Array): void;
  readonly size: number;
  /** The digest of all bytes so far; the last call of it. */
  end(): Digest;
}

export function runningDigest(): RunningDigest {
  const sha256 = createHash('sha256');
  let size = 0;
  return {
    update(bytes) {
      sha256.update(bytes);
      size += bytes.length;
    },
    get size() {
      return size;
    },
    end: () => `sha256:${sha256.digest('hex')}`,
  };
}

/** The hexadecimal part, which names the blob's file. */
export function hexOf(digest: Digest): string {
  return digest.slice('sha256:'.length);
}

const DIGEST = /^sha256:[0-9a-f]{64}$/;

export function isDigest(text: unknown): text is Digest {
  return typeof text === 'string' && DIGEST.test(text);
}
