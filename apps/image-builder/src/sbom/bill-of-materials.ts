import { hash } from 'node:crypto';
import { type HostPlatform, host } from '@qemu-user-static/arch-table';
import {
  type Lock,
  type LockedPackage,
  type LockedSource,
  lockedChannelOf,
  type SourceName,
  sourceKey,
} from '@qemu-user-static/lock';
import type { Annotations, Digest } from '@qemu-user-static/oci-image';
import { guestsInside, INPUTS_LABEL, packagesInside } from '../images/labels.ts';
import { type LicenseTerms, termsOf } from './licenses.ts';

/** The facts about one image of the set; see `factsOf`. */
export interface ImageFacts {
  /** Of its manifest. */
  readonly digest: Digest;
  readonly channel: string;
  readonly platform: HostPlatform;
  /** Its labels. */
  readonly annotations: Annotations;
  /** The licences that the `copyright` file of each package in it names; empty if it names none. */
  readonly licenses: ReadonlyMap<string, readonly string[]>;
}

/** The components of an image, independent of a format. */
export interface BillOfMaterials {
  readonly facts: ImageFacts;
  readonly label: (name: ImageLabel) => string;
  /** Hash of all that the image is made from: the version of what is ours in it. */
  readonly inputs: string;
  readonly guests: readonly string[];
  readonly packages: readonly BinaryPackage[];
  /** Of all packages, each version once. */
  readonly sources: readonly Source[];
}

export interface BinaryPackage {
  readonly locked: LockedPackage;
  readonly purl: string;
  /** The source it was built from, and whose licences it has. */
  readonly source: Source;
  /** Other sources whose code is linked in (`Built-Using`). */
  readonly linked: readonly Source[];
}

export interface Source {
  readonly name: SourceName;
  readonly purl: string;
  readonly terms: LicenseTerms;
  /** None if the archive did not list this version. */
  readonly files: LockedSource['files'];
}

type ImageLabel = 'title' | 'description' | 'version' | 'created' | 'source' | 'licenses';

export function billOfMaterials(facts: ImageFacts, lock: Lock): BillOfMaterials {
  const { channel, platform, annotations } = facts;
  const { guests } = guestsInside(annotations);
  const { shell, codename: own } = shellOf(facts, lock);
  const inside = [...packagesInside(annotations, lock, channel, platform), { locked: shell, codename: own }];

  const sources = new Map<string, Source>();
  const sourceOf = (name: SourceName, codename: string, own: readonly string[] | null): Source => {
    const key = sourceKey(name);
    const found = lock.sources[key];
    const made = sources.get(key) ?? {
      name,
      purl: debianPurl(name.package, name.version, 'source', codename),
      // A package has the copyright file of the source that it was built from.
      terms: termsOf(name, found?.licenses ?? own),
      files: found?.files ?? [],
    };
    sources.set(key, made);
    return made;
  };
  const packages = inside.map(({ locked: one, codename }): BinaryPackage => {
    const named = facts.licenses.get(one.package) ?? null;
    const purl = debianPurl(one.package, one.version, one.architecture, codename);
    const source = sourceOf(one.source, codename, named);
    const linked = one.builtUsing.map((name) => sourceOf(name, codename, null));
    return { locked: one, purl, source, linked };
  });
  const label = (name: ImageLabel) => annotations[`org.opencontainers.image.${name}`] ?? '';
  const inputs = annotations[INPUTS_LABEL] ?? '';
  return { facts, label, inputs, guests, packages, sources: [...sources.values()] };
}

/** The packages that an image was put together from. */
export function packagesOf(facts: ImageFacts, lock: Lock): LockedPackage[] {
  const { channel, platform, annotations } = facts;
  const emulators = packagesInside(annotations, lock, channel, platform).map(({ locked }) => locked);
  return [...emulators, shellOf(facts, lock).shell];
}

function shellOf({ channel, platform }: ImageFacts, lock: Lock) {
  const { release, platforms } = lockedChannelOf(lock, channel);
  const locked = platforms[platform];
  if (locked === undefined) throw new RangeError(`${channel} has no ${platform}`);
  return { shell: locked.shell, codename: release.codename };
}

/** https://github.com/package-url/purl-spec/blob/main/types-doc/oci-definition.md */
export function imagePurl({ facts: { digest, platform } }: BillOfMaterials): string {
  return `pkg:oci/qemu-user-static@${digest.replace(':', '%3A')}?arch=${host(platform).architecture}`;
}

/** https://github.com/package-url/purl-spec/blob/main/types-doc/deb-definition.md */
function debianPurl(name: string, version: string, architecture: string, codename: string): string {
  const escaped = [name, version].map(encodeURIComponent).join('@');
  return `pkg:deb/debian/${escaped}?arch=${architecture}&distro=${codename}`;
}

/** A UUID that is always the same for the same text: version 8. https://www.rfc-editor.org/rfc/rfc9562#section-5.8 */
export function uuidOf(text: string): string {
  const digits = hash('sha256', text).slice(0, 32).split('');
  digits[12] = '8';
  digits[16] = ((Number.parseInt(digits[16] ?? '0', 16) & 0x3) | 0x8).toString(16);
  const all = digits.join('');
  return [all.slice(0, 8), all.slice(8, 12), all.slice(12, 16), all.slice(16, 20), all.slice(20)].join('-');
}
