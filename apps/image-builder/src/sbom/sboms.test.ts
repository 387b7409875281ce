import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import type { Lock } from '@qemu-user-static/lock';
import type { Digest } from '@qemu-user-static/oci-image';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { build } from '../build/build.ts';
import type { ImageSet } from '../layouts/image-set.ts';
import { loadImages } from '../layouts/load.ts';
import { contextOf, madeRelease } from '../testing/made-release.ts';
import { billOfMaterials } from './bill-of-materials.ts';
import { imageFacts } from './image-facts.ts';
import { SBOM_FORMATS, SBOMS, type SbomFormat } from './sboms.ts';

const folder = await mkdtemp(join(tmpdir(), 'sboms-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
let lock: Lock;
let set: ImageSet;

beforeAll(async () => {
  const made = await madeRelease(folder);
  lock = withGlibc(made.lock);
  await build(lock, made.fetched, contextOf(join(folder, 'oci')));
  set = await loadImages([join(folder, 'oci')], made.proof, [], contextOf(''));
});

/** As if the emulators had glibc linked in, of a version that the archive no longer lists. */
function withGlibc(lock: Lock): Lock {
  const copy = structuredClone(lock);
  for (const { emulators } of Object.values(copy.channels.latest?.platforms ?? {}))
    emulators.builtUsing = [{ package: 'glibc', version: '2.43-7' }];
  return copy;
}

const digestOf = (tag: string): Digest => {
  const found = set.tags.find((one) => one.tag === tag);
  if (found === undefined) throw new Error(`no tag ${tag}`);
  return found.digest;
};
const make = async (format: SbomFormat, digest: Digest) =>
  JSON.parse(JSON.stringify(SBOMS[format].make(billOfMaterials(await imageFacts(set)(digest), lock))));

test('CycloneDX’s own validator accepts the bill of every image', async () => {
  const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
  const images = [...set.documents.values()].filter(({ image }) => image !== undefined);
  expect(images.length).toBeGreaterThan(10);
  for (const { descriptor } of images) {
    const text = JSON.stringify(await make('cyclonedx', descriptor.digest));
    expect(await validator.validate(text)).toBeNull();
  }
  // A check that cannot fail would prove nothing.
  expect(
    await validator.validate('{"bomFormat":"CycloneDX","specVersion":"1.6","version":"1"}'),
  ).not.toBeNull();
});

describe('of an image with one emulator', () => {
  test('CycloneDX names packages and sources, with versions, licences, hashes and addresses', async () => {
    const bom = await make('cyclonedx', digestOf('x86_64-arm'));
    expect(bom.metadata.component).toMatchObject({ type: 'container', version: '11.1.3' });
    expect(bom.metadata.component.properties).toContainEqual({
      name: 'io.github.qemu-user-static.guests',
      value: 'arm',
    });
    const named = bom.components.map(
      ({ name, version }: { name: string; version: string }) => `${name} ${version}`,
    );
    expect(named).toEqual([
      `register ${'a'.repeat(64)}`,
      'qemu-user 1:11.1.3+ds-1',
      'busybox-static 1:1.38.0-3',
      'qemu-user 1:11.1.3+ds-1',
      'glibc 2.43-7',
      'busybox-static 1:1.38.0-3',
    ]);
    const { emulators } = lock.channels.latest?.platforms['linux/amd64'] ?? {};
    const [, binary, , source, glibc] = bom.components;
    expect(binary).toMatchObject({
      purl: 'pkg:deb/debian/qemu-user@1%3A11.1.3%2Bds-1?arch=amd64&distro=sid',
      hashes: [{ alg: 'SHA-256', content: emulators?.sha256 }],
    });
    expect(source).toMatchObject({
      licenses: [{ expression: 'GPL-2.0-or-later' }],
      externalReferences: [
        {
          type: 'source-distribution',
          url: 'http://ftp.debian.org/debian/pool/main/qemu-user.dsc',
          hashes: [{ alg: 'SHA-256', content: '5'.repeat(64) }],
        },
        { url: 'https://snapshot-cloudflare.debian.org/package/qemu-user/1:11.1.3+ds-1/' },
      ],
    });
    expect(glibc.externalReferences).toEqual([
      {
        type: 'source-distribution',
        url: 'https://snapshot-cloudflare.debian.org/package/glibc/2.43-7/',
        comment: 'the suite does not list this version: hash not known',
      },
    ]);
    expect(bom.dependencies).toContainEqual({ ref: binary.purl, dependsOn: [source.purl, glibc.purl] });
  });

  test('SPDX names the source of a package, and those linked in', async () => {
    const { packages, relationships } = await make('spdx', digestOf('x86_64-arm'));
    const described = relationships.map(
      ({ spdxElementId, relationshipType, relatedSpdxElement }: Record<string, string>) =>
        [spdxElementId, relationshipType, relatedSpdxElement].join(' '),
    );
    expect(described).toEqual(
      expect.arrayContaining([
        'SPDXRef-DOCUMENT DESCRIBES SPDXRef-Image',
        'SPDXRef-Image CONTAINS SPDXRef-Package-qemu-user',
        'SPDXRef-Package-qemu-user GENERATED_FROM SPDXRef-Source-qemu-user-1-3a-11.1.3-2b-ds-1',
        'SPDXRef-Package-qemu-user STATIC_LINK SPDXRef-Source-glibc-2.43-7',
        'SPDXRef-Source-qemu-user-1-3a-11.1.3-2b-ds-1 CONTAINS SPDXRef-File-qemu-user.dsc',
      ]),
    );
    const ids = packages.map(({ SPDXID }: { SPDXID: string }) => SPDXID);
    expect(new Set(ids).size).toBe(ids.length);
    for (const word of described
      .flatMap((line: string) => line.split(' '))
      .filter((one: string) => one.startsWith('SPDXRef-')))
      expect(['SPDXRef-DOCUMENT', ...ids]).toContain(word);
  });
});

test('SPDX lists an archive once that two versions of a source share', async () => {
  const facts = await imageFacts(set)(digestOf('x86_64-arm'));
  const [orig, ...dscs] = ['_2.43.orig.tar.xz', '_2.43-3.dsc', '_2.43-7.dsc'].map((end) => ({
    path: `pool/main/g/glibc/glibc${end}`,
    size: 1,
    sha256: '6'.repeat(64),
  }));
  if (orig === undefined) throw new Error('no file');
  const both = withGlibc(lock);
  const shell = both.channels.latest?.platforms['linux/amd64']?.shell;
  shell?.builtUsing.push({ package: 'glibc', version: '2.43-3' });
  dscs.forEach((dsc, index) => {
    both.sources[`glibc 2.43-${index === 0 ? 3 : 7}`] = { licenses: [], files: [dsc, orig] };
  });
  const { packages } = SBOMS.spdx.make(billOfMaterials(facts, both)) as { packages: { name: string }[] };
  expect(packages.filter(({ name }) => name === 'glibc_2.43.orig.tar.xz')).toHaveLength(1);
  expect(packages.filter(({ name }) => name.endsWith('.dsc') && name.startsWith('glibc'))).toHaveLength(2);
});

test('SPDX has the text of a licence without a name once, however many packages have it', async () => {
  const facts = await imageFacts(set)(digestOf('x86_64-arm'));
  const both = withGlibc(lock);
  both.channels.latest?.platforms['linux/amd64']?.shell.builtUsing.push({
    package: 'glibc',
    version: '2.43-3',
  });
  both.sources['qemu-user 1:11.1.3+ds-1'] = { licenses: ['BSD_LLVM'], files: [] };
  const document = SBOMS.spdx.make(billOfMaterials(facts, both)) as {
    hasExtractedLicensingInfos: { licenseId: string }[];
  };
  expect(document.hasExtractedLicensingInfos.map(({ licenseId }) => licenseId)).toEqual([
    'LicenseRef-Debian-qemu-user-BSD-LLVM',
    'LicenseRef-Debian-glibc-copyright',
  ]);
});

test('CycloneDX names a source once that a package is built from and links in', async () => {
  const facts = await imageFacts(set)(digestOf('x86_64-arm'));
  const own = withGlibc(lock);
  const { emulators } = own.channels.latest?.platforms['linux/amd64'] ?? {};
  if (emulators !== undefined) emulators.builtUsing = [emulators.source];
  const { dependencies } = SBOMS.cyclonedx.make(billOfMaterials(facts, own)) as {
    dependencies: { dependsOn: string[] }[];
  };
  expect(dependencies[1]?.dependsOn).toHaveLength(1);
});

// Every fact of the documents, one a line; `npm test -- --project image-builder sboms -u` writes it again.
test.each(SBOM_FORMATS)(
  '%s of an image with one emulator has each fact of its file in testing',
  async (format) => {
    // A digest of its own, so that a layer with other bytes is no other document.
    const facts = {
      ...(await imageFacts(set)(digestOf('x86_64-arm'))),
      digest: `sha256:${'1'.repeat(64)}` as const,
    };
    const document = JSON.parse(JSON.stringify(SBOMS[format].make(billOfMaterials(facts, lock))));
    await expect(`${factsIn(document).join('\n')}\n`).toMatchFileSnapshot(`../testing/sbom-${format}.txt`);
  },
);

test('an image without emulators has no package of them', async () => {
  const [register] = set.documents.get(digestOf('register'))?.needs ?? [];
  const bom = await make('cyclonedx', register?.digest ?? 'sha256:');
  expect(bom.components.map(({ name }: { name: string }) => name)).not.toContain('qemu-user');
});

test.each(SBOM_FORMATS)('%s is the same each time, and another for each image', async (format) => {
  const text = async (tag: string) => JSON.stringify(await make(format, digestOf(tag)));
  expect(await text('x86_64-arm')).toBe(await text('x86_64-arm'));
  expect(await text('x86_64-arm')).not.toBe(await text('x86_64-aarch64'));
});

/** The values in a JSON document, each with its path. */
function factsIn(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null) return [`${path}: ${value}`];
  return Object.entries(value).flatMap(([name, one]) => factsIn(one, path === '' ? name : `${path}.${name}`));
}
