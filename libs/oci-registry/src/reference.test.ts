import { describe, expect, test } from 'vitest';
import { InvalidReferenceError } from './errors.ts';
import { apiHost, parseReference } from './reference.ts';

const HEX = 'a'.repeat(64);

describe('names are completed as Docker, containerd and Podman complete them', () => {
  test.each([
    ['ubuntu', { registry: 'docker.io', repository: 'library/ubuntu' }],
    ['ubuntu:24.04', { registry: 'docker.io', repository: 'library/ubuntu', tag: '24.04' }],
    ['owner/name', { registry: 'docker.io', repository: 'owner/name' }],
    ['docker.io/ubuntu', { registry: 'docker.io', repository: 'library/ubuntu' }],
    ['index.docker.io/owner/name', { registry: 'docker.io', repository: 'owner/name' }],
    ['registry-1.docker.io/owner/name', { registry: 'docker.io', repository: 'owner/name' }],
    ['ghcr.io/owner/name:1', { registry: 'ghcr.io', repository: 'owner/name', tag: '1' }],
    ['GHCR.io/owner/name', { registry: 'ghcr.io', repository: 'owner/name' }],
    ['localhost/name', { registry: 'localhost', repository: 'name' }],
    ['REGISTRY/name', { registry: 'registry', repository: 'name' }],
    ['localhost:5000/a/b/c:x', { registry: 'localhost:5000', repository: 'a/b/c', tag: 'x' }],
    ['registry:5000/name', { registry: 'registry:5000', repository: 'name' }],
    ['127.0.0.1:5000/name', { registry: '127.0.0.1:5000', repository: 'name' }],
    ['[::1]:5000/name:x', { registry: '[::1]:5000', repository: 'name', tag: 'x' }],
    ['[2001:db8::7]/name', { registry: '[2001:db8::7]', repository: 'name' }],
    ['ghcr.io/a__b/c--d.e/f_g', { registry: 'ghcr.io', repository: 'a__b/c--d.e/f_g' }],
    [`ghcr.io/name@sha256:${HEX}`, { registry: 'ghcr.io', repository: 'name', digest: `sha256:${HEX}` }],
    ['localhost:1/name', { registry: 'localhost:1', repository: 'name' }],
    ['localhost:65535/name', { registry: 'localhost:65535', repository: 'name' }],
    [`owner/${HEX}`, { registry: 'docker.io', repository: `owner/${HEX}` }],
    [`${HEX}a`, { registry: 'docker.io', repository: `library/${HEX}a` }],
    [`ghcr.io/${'n'.repeat(255)}`, { registry: 'ghcr.io', repository: 'n'.repeat(255) }],
    [`ghcr.io/name:${'x'.repeat(128)}`, { registry: 'ghcr.io', repository: 'name', tag: 'x'.repeat(128) }],
    [`q.io/n:t@sha256:${HEX}`, { registry: 'q.io', repository: 'n', tag: 't', digest: `sha256:${HEX}` }],
  ])('%s', (text, expected) => {
    expect(parseReference(text)).toEqual(expected);
  });
});

describe('what is not a reference is refused with the reason', () => {
  test.each([
    ['', /not the path of a repository/],
    ['ghcr.io/', /not the path of a repository/],
    ['ghcr.io/Owner/name', /in lower case/],
    ['ghcr.io/owner//name', /not the path/],
    ['ghcr.io/-name', /not the path/],
    ['ghcr.io/name-', /not the path/],
    ['ghcr.io/owner/-name', /not the path/],
    ['ghcr.io/owner-/name', /not the path/],
    ['ghcr.io/owner/', /not the path/],
    ['ghcr.io/a..b', /not the path/],
    ['ghcr.io/-Name', /not the path of a repository$/],
    ['ghcr.io/a___b', /not the path/],
    // A last label that is a number makes it an IPv4 address, and this is not one (WHATWG URL, 3.5).
    ['ghcr.0x11e400/n', /"ghcr.0x11e400" is not the host of a registry/],
    ['1.2.3.999/n', /not the host of a registry/],
    ['ghcr.io/name:', /"" is not a tag/],
    ['ghcr.io/name:.x', /not a tag/],
    ['ghcr.io/name:x y', /not a tag/],
    ['ghcr.io/name:x+', /not a tag/],
    [`ghcr.io/name:${'x'.repeat(129)}`, /not a tag/],
    ['ghcr.io/name@sha256:abc', /not a digest/],
    [`ghcr.io/name@sha512:${HEX}${HEX}`, /not a digest/],
    [`ghcr.io/name@sha256:${'A'.repeat(64)}`, /not a digest/],
    [`ghcr.io/name@sha256:${HEX}@sha256:${HEX}`, /more than one digest/],
    ['ghcr.io/name@', /not a digest/],
    ['ghcr.io:99999/name', /port that does not exist/],
    ['ghcr.io:65536/name', /port that does not exist/],
    ['ghcr.io:0/name', /port that does not exist/],
    ['-ghcr.io/name', /not the host/],
    ['[::1/name', /not the host/],
    ['[1:2]/name', /not the host/],
    ['user:secret@ghcr.io/name', /not a digest/],
    ['https://ghcr.io/name', /is an address/],
    ['docker://ghcr.io/name', /is an address/],
    [HEX, /an image's id/],
    [`ghcr.io/${'n'.repeat(256)}`, /longer than 255/],
    ['ghcr.io/na me', /not the path/],
  ])('%j', (text, reason) => {
    expect(() => parseReference(text)).toThrow(InvalidReferenceError);
    expect(() => parseReference(text)).toThrow(reason);
  });
});

test('only Docker Hub has its API at another host than its name', () => {
  expect(apiHost('docker.io')).toBe('registry-1.docker.io');
  expect(apiHost('ghcr.io')).toBe('ghcr.io');
});
