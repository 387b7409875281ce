import { isIPv6 } from 'node:net';
import { checkDigest } from './digest.ts';
import { InvalidReferenceError } from './errors.ts';

/** An image's name, normalised: `ubuntu:24.04` has registry `docker.io` and repository `library/ubuntu`. */
export interface ImageReference {
  /** Host and, if given, port: `ghcr.io`, `localhost:5000`, `[::1]:5000`. */
  readonly registry: string;
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: string;
}

// https://github.com/distribution/reference/blob/v0.6.0/reference.go, the grammar at its head
const LABEL = '[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?';
const DOMAIN = new RegExp(`^(${LABEL}(?:\\.${LABEL})*|\\[[a-fA-F0-9:]+\\])(?::([0-9]+))?$`);
// https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#pulling-manifests
const REPOSITORY = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
const MAX_NAME = 255;

const DOCKER_HUB = 'docker.io';
const DOCKER_HUB_ALIASES = new Set(['index.docker.io', 'registry-1.docker.io']);

/**
 * Reads `[host[:port]/]path[:tag][@digest]` as Docker, containerd and Podman do. A name without a tag stays without one.
 *
 * @throws InvalidReferenceError REFERENCE_INVALID, naming the part that is wrong.
 */
export function parseReference(text: string): ImageReference {
  if (text.includes('://'))
    throw new InvalidReferenceError(`"${text}" is an address: leave out what is before the host`);
  const [named = '', digest, ...more] = text.split('@');
  if (more.length > 0) throw new InvalidReferenceError(`"${text}" has more than one digest`);
  const colon = named.lastIndexOf(':');
  const tagged = colon > named.lastIndexOf('/');
  const name = tagged ? named.slice(0, colon) : named;
  // A bare name of 64 hex digits is what engines take for an image's id.
  if (/^[a-f0-9]{64}$/.test(text))
    throw new InvalidReferenceError(`"${text}" is an image's id, not its name`);
  return {
    ...parseRepository(name),
    ...(tagged && { tag: checkTag(named.slice(colon + 1)) }),
    ...(digest !== undefined && { digest: checkDigest(digest) }),
  };
}

/** The first part is a host when it can only be one: it has a dot, a port, a capital, or is `localhost`. */
function parseRepository(name: string): { registry: string; repository: string } {
  const slash = name.indexOf('/');
  const first = name.slice(0, Math.max(slash, 0));
  const isHost = /[.:[]/.test(first) || first === 'localhost' || first !== first.toLowerCase();
  const host = isHost ? first : DOCKER_HUB;
  const registry = checkRegistry(DOCKER_HUB_ALIASES.has(host.toLowerCase()) ? DOCKER_HUB : host);
  const path = isHost ? name.slice(slash + 1) : name;
  const official = registry === DOCKER_HUB && !path.includes('/');
  return { registry, repository: checkRepository(official ? `library/${path}` : path) };
}

/** The host that serves a registry's API. Docker Hub's is not the one in its names. */
export function apiHost(registry: string): string {
  return registry === DOCKER_HUB ? 'registry-1.docker.io' : registry;
}

export function checkRegistry(host: string): string {
  const [, name = '', port] = DOMAIN.exec(host) ?? [];
  const right = name !== '' && (!name.startsWith('[') || isIPv6(name.slice(1, -1)));
  // An address of a host has rules of its own: a last label that is a number begins an IPv4 address.
  if (!right || !URL.canParse(`https://${name}/`))
    throw new InvalidReferenceError(`"${host}" is not the host of a registry`);
  if (port !== undefined && !(Number(port) >= 1 && Number(port) <= 65535)) {
    throw new InvalidReferenceError(`"${host}" has a port that does not exist`);
  }
  return host.toLowerCase();
}

export function checkRepository(path: string): string {
  if (path.length > MAX_NAME)
    throw new InvalidReferenceError(`"${path}" is longer than ${MAX_NAME} characters`);
  if (REPOSITORY.test(path)) return path;
  const hint = REPOSITORY.test(path.toLowerCase()) ? ': it must be in lower case' : '';
  throw new InvalidReferenceError(`"${path}" is not the path of a repository${hint}`);
}

/** Whether a name has the grammar of tags. */
export function isTag(name: string): boolean {
  return TAG.test(name);
}

function checkTag(tag: string): string {
  if (!isTag(tag)) throw new InvalidReferenceError(`"${tag}" is not a tag`);
  return tag;
}

/** A tag or a digest, as manifests are asked for. */
export function checkTagOrDigest(reference: string): string {
  return reference.includes(':') ? checkDigest(reference) : checkTag(reference);
}
