import type { SourceName } from '@qemu-user-static/lock';
import ids from 'spdx-license-ids/index.json' with { type: 'json' };

/** The licences of a source package. */
export interface LicenseTerms {
  /** An SPDX license expression. https://spdx.github.io/spdx-spec/v2.3/SPDX-license-expressions/ */
  readonly expression: string;
  /** The identifier in the expression for terms that SPDX has no name for. */
  readonly references: readonly LicenseReference[];
}

export interface LicenseReference {
  /** `LicenseRef-Debian-qemu-GPL2-or-LGPL2-with-additions` */
  readonly id: string;
  /** As Debian names it. */
  readonly name: string;
  /** Where its text is. */
  readonly text: string;
}

/**
 * The terms of a source package, given the licences that its `debian/copyright` names. A name becomes an SPDX
 * identifier only where the two mean the same; every other is a reference to the text in that file, as is the file
 * as a whole where it names none in a machine-readable form.
 *
 * @param names as `declaredLicenses` gives them; null where they are not known
 */
export function termsOf(source: SourceName, names: readonly string[] | null): LicenseTerms {
  const references = new Map<string, LicenseReference>();
  const refer = (name: string): string => {
    const id = `LicenseRef-Debian-${idstring(source.package)}-${idstring(name)}`;
    const text = `See ${name} in debian/copyright of the source package ${source.package}.`;
    references.set(id, { id, name, text });
    return id;
  };
  const whole = () => {
    const id = `LicenseRef-Debian-${idstring(source.package)}-copyright`;
    const text = `See debian/copyright of the source package ${source.package}.`;
    references.set(id, { id, name: `debian/copyright of ${source.package}`, text });
    return id;
  };
  const terms = new Set(names?.flatMap((name) => conjunctsOf(name, refer)));
  const expression = terms.size === 0 ? whole() : [...terms].join(' AND ');
  return { expression, references: [...references.values()] };
}

/**
 * A licence field as terms that all hold. "or" binds less than "and" in Debian's syntax as in SPDX's; a comma or an
 * exception is not taken apart.
 * https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/#license-syntax
 */
function conjunctsOf(field: string, refer: (name: string) => string): string[] {
  if (/,|\bwith\b|\band\/or\b/.test(field)) return [refer(field)];
  const alternatives = field
    .split(/ or /)
    .map((part) => part.split(/ and /).map((name) => spdxId(name) ?? refer(name)));
  const [only] = alternatives;
  if (alternatives.length === 1 && only !== undefined) return only;
  return [`(${alternatives.map((part) => part.join(' AND ')).join(' OR ')})`];
}

const KNOWN = new Map(ids.map((id) => [id.toLowerCase(), id]));

/** The SPDX identifier that means the same as a Debian short name; null if none is known to. */
export function spdxId(name: string): string | null {
  const [, family, version, later] = /^([AL]?GPL|GFDL)-(\d(?:\.\d)?)(\+?)$/.exec(name) ?? [];
  if (family !== undefined && version !== undefined) {
    const full = version.includes('.') ? version : `${version}.0`;
    return KNOWN.get(`${family}-${full}-${later ? 'or-later' : 'only'}`.toLowerCase()) ?? null;
  }
  if (name === 'Expat') return 'MIT';
  // Debian uses it for several licences of that kind.
  if (name === 'MIT') return null;
  return KNOWN.get(name.toLowerCase()) ?? null;
}

/** "letters, numbers, ., and/or -" */
function idstring(text: string): string {
  return text.replaceAll('+', 'plus').replace(/[^A-Za-z0-9.]+/g, '-');
}
