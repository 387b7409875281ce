import { createHash } from 'node:crypto';
import { InvalidReferenceError } from './errors.ts';

const DIGEST = /^sha256:[a-f0-9]{64}$/;

/** Whether a text is a digest that can be verified here. Registries and engines use sha256 alone. */
export function isDigest(text: string): boolean {
  return DIGEST.test(text);
}

/**
 * The text, when it is a sha256 digest.
 * https://github.com/opencontainers/image-spec/blob/v1.1.0/descriptor.md#sha-256
 *
 * @throws InvalidReferenceError REFERENCE_INVALID
 */
export function checkDigest(text: string): string {
  if (!isDigest(text))
    throw new InvalidReferenceError(`"${text}" is not a digest: sha256: and 64 hex digits`);
  return text;
}

// https://github.com/opencontainers/image-spec/blob/v1.1.0/descriptor.md#digests
const ANY_DIGEST = /^[a-z0-9]+(?:[+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]{32,}$/;

/** Whether a text is a digest of any algorithm: lists of others may name what cannot be verified here. */
export function isAnyDigest(text: string): boolean {
  return ANY_DIGEST.test(text);
}

/** The sha256 digest of these bytes. */
export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
