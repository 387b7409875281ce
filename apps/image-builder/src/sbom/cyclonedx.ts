import { poolAddress, snapshotAddress } from '@qemu-user-static/lock';
import {
  type BillOfMaterials,
  type BinaryPackage,
  imagePurl,
  type Source,
  uuidOf,
} from './bill-of-materials.ts';

/** https://cyclonedx.org/docs/1.6/json/ */
export const CYCLONEDX = {
  mediaType: 'application/vnd.cyclonedx+json',
  predicateType: 'https://cyclonedx.org/bom',
} as const;

/**
 * The bill as CycloneDX 1.6. The image depends on its packages, a package on the sources that it was built from
 * and with; each source names its files with hash and address.
 */
export function cyclonedx(bill: BillOfMaterials): object {
  const { facts, label, inputs, packages, sources } = bill;
  const image = imagePurl(bill);
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${uuidOf(`cyclonedx ${facts.digest}`)}`,
    version: 1,
    metadata: {
      timestamp: label('created'),
      tools: { components: [{ type: 'application', name: 'image-builder', version: inputs }] },
      component: {
        type: 'container',
        'bom-ref': image,
        name: label('title'),
        version: label('version'),
        description: label('description'),
        hashes: [sha256(facts.digest.replace('sha256:', ''))],
        licenses: [{ expression: label('licenses') }],
        purl: image,
        externalReferences: [{ type: 'vcs', url: label('source') }],
        properties: Object.entries(facts.annotations)
          .filter(([name]) => !name.startsWith('org.opencontainers.'))
          .map(([name, value]) => ({ name, value })),
      },
    },
    components: [register(bill), ...packages.map(packageComponent), ...sources.map(sourceComponent)],
    dependencies: [
      { ref: image, dependsOn: [REGISTER, ...packages.map(({ purl }) => purl)] },
      ...packages.map(({ purl, source, linked }) => ({
        ref: purl,
        dependsOn: [...new Set([source, ...linked].map((one) => one.purl))],
      })),
    ],
  };
}

const REGISTER = 'register';

function register({ label, inputs }: BillOfMaterials): object {
  return {
    type: 'application',
    'bom-ref': REGISTER,
    name: 'register',
    version: inputs,
    licenses: [{ license: { id: 'MIT' } }],
    externalReferences: [{ type: 'vcs', url: label('source') }],
  };
}

function packageComponent({ locked, purl, source }: BinaryPackage): object {
  return {
    type: 'application',
    'bom-ref': purl,
    name: locked.package,
    version: locked.version,
    hashes: [sha256(locked.sha256)],
    licenses: [{ expression: source.terms.expression }],
    purl,
    externalReferences: [{ type: 'distribution', url: poolAddress(locked), hashes: [sha256(locked.sha256)] }],
  };
}

function sourceComponent({ name, purl, terms, files }: Source): object {
  return {
    type: 'library',
    'bom-ref': purl,
    name: name.package,
    version: name.version,
    licenses: [{ expression: terms.expression }],
    purl,
    externalReferences: [
      ...files.map((file) => ({
        type: 'source-distribution',
        url: poolAddress(file),
        hashes: [sha256(file.sha256)],
      })),
      {
        type: 'source-distribution',
        url: snapshotAddress(name),
        comment:
          files.length > 0 ? 'keeps every version' : 'the suite does not list this version: hash not known',
      },
    ],
  };
}

function sha256(content: string): object {
  return { alg: 'SHA-256', content };
}
