import { createHash, type Hash } from 'node:crypto';
import { InvalidReferenceError } from './errors.ts';

// The algorithms the image specification registers, with the length of their hex part.
// https://github.com/opencontainers/image-spec/blob/v1.1.0/descriptor.md#registered-algorithms
const REGISTERED: Readonly<Record<string, number>> = { sha256: 64, sha384: 96, sha512: 128 };

// https://github.com/opencontainers/image-spec/blob/v1.1.0/descriptor.md#digests
const GRAMMAR = /^[a-z0-9]+(?:[+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$/;

/** The text, when it is a digest; a registered algorithm must have its length in lower-case hex. */
export function checkDigest(text: string): string {
  const [algorithm = '', encoded = ''] = text.split(':');
  const length = REGISTERED[algorithm];
  const right =
    length === undefined ? encoded.length >= 32 : new RegExp(`^[a-f0-9]{${length}}$`).test(encoded);
  if (!GRAMMAR.test(text) || !right) throw new InvalidReferenceError(`"${text}" is not a digest`);
  return text;
}

/** Whether content can be hashed here with the algorithm of this digest. */
export function isVerifiable(digest: string): boolean {
  return REGISTERED[digest.slice(0, digest.indexOf(':'))] !== undefined;
}

/** A running hash for content that must have this digest. Throws for an algorithm that cannot be computed here. */
export function hashFor(digest: string): Hash {
  if (!isVerifiable(digest)) {
    throw new InvalidReferenceError(`"${digest}" has an algorithm that cannot be verified here`);
  }
  return createHash(digest.slice(0, digest.indexOf(':')));
}

/** The digest of these bytes, by the algorithm of another digest; sha256 if there is none to follow. */
export function digestOf(bytes: Uint8Array, like = 'sha256:'): string {
  return `${like.slice(0, like.indexOf(':'))}:${hashFor(like).update(bytes).digest('hex')}`;
}

/** Whether two digests speak of the same algorithm, so that they must be equal when the content is. */
export function sameAlgorithm(a: string, b: string): boolean {
  return a.split(':')[0] === b.split(':')[0];
}
