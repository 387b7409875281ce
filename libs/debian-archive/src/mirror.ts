import { printable } from '@qemu-user-static/errors';
import { type AptSource, type AptSourceFile, parseAptSources } from './apt-sources.ts';
import { ArchiveError } from './errors.ts';

/** Debian's own, for anyone. https://www.debian.org/mirror/list */
export const PUBLIC_MIRROR = new URL('http://ftp.debian.org/debian');

export interface MirrorChoice {
  /** The folder that holds dists/ and pool/. May have credentials in it: see `withoutCredentials`. */
  readonly url: URL;
  /** Where it was found, for the log. */
  readonly from: 'option' | 'environment' | 'sources' | 'apt' | 'fallback';
}

export interface MirrorCandidates {
  readonly option: string | undefined;
  /** DEBIAN_MIRROR is looked at. */
  readonly environment: NodeJS.ProcessEnv;
  /** The mirror named in sources.json. */
  readonly sources: string | undefined;
  /** From `readAptSources`. */
  readonly aptConfiguration: readonly AptSourceFile[];
  readonly fallback?: URL;
}

/**
 * The first there is of: option, environment, sources.json, the host's APT, the public mirror. One that was
 * given and is wrong is an error, not passed over.
 *
 * @throws ArchiveError MIRROR_INVALID
 */
export function chooseMirror(candidates: MirrorCandidates): MirrorChoice {
  const { option, environment, sources, aptConfiguration, fallback = PUBLIC_MIRROR } = candidates;
  if (option !== undefined) return { url: parseMirror(option, 'the option'), from: 'option' };
  if (environment.DEBIAN_MIRROR) {
    return { url: parseMirror(environment.DEBIAN_MIRROR, 'DEBIAN_MIRROR'), from: 'environment' };
  }
  if (sources !== undefined) return { url: parseMirror(sources, 'sources.json'), from: 'sources' };
  const url = aptConfiguration
    .flatMap(parseAptSources)
    .map(mainArchiveIn)
    .find((found) => found !== undefined);
  return url === undefined ? { url: fallback, from: 'fallback' } : { url, from: 'apt' };
}

function parseMirror(text: string, where: string): URL {
  const url = URL.parse(text);
  if (url === null || !isWeb(url)) {
    // A user name and a password end at the last @.
    const shown = printable(text.replace(/^.*@/s, '…@'));
    throw new ArchiveError('MIRROR_INVALID', `"${shown}", which ${where} gives, is not an http or https URL`);
  }
  return url;
}

const isWeb = ({ protocol }: URL) => protocol === 'http:' || protocol === 'https:';

/**
 * The first URL of the entry that is of Debian's main archive. Vendors name their suites like Debian's, so it goes by the
 * last folder (`…/debian`, `…/debian-remote`), with `main`; a wrong guess ends at the signature.
 */
function mainArchiveIn({ types, uris, suites, components }: AptSource): URL | undefined {
  if (!types.includes('deb') || !components.includes('main') || !suites.some(isDebianSuite)) return undefined;
  return uris
    .filter((uri) => URL.canParse(uri))
    .map((uri) => new URL(uri))
    .find((url) => isWeb(url) && isDebianFolder(url));
}

const isDebianSuite = (suite: string) => /^[a-z]+(?:-updates|-proposed-updates|-backports)?$/.test(suite);

function isDebianFolder({ pathname }: URL): boolean {
  const folder = pathname.split('/').filter(Boolean).at(-1) ?? '';
  return /^debian(?!-(?:security|debug|ports|backports|archive))/.test(folder);
}
