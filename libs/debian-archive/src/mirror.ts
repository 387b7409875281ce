import type { AptSourceFile } from './apt-sources.ts';

export const PUBLIC_MIRROR = new URL('http://ftp.debian.org/debian');

export interface MirrorChoice {
  readonly url: URL;
  /** Where it was found, for the log. */
  readonly from: 'option' | 'environment' | 'sources' | 'apt' | 'fallback';
}

/** The first there is of: option, DEBIAN_MIRROR, sources.json, the host's APT, the public mirror. Pure. */
export function chooseMirror(_candidates: {
  readonly option: string | undefined;
  readonly environment: NodeJS.ProcessEnv;
  /** The mirror named in sources.json. */
  readonly sources: string | undefined;
  readonly aptConfiguration: readonly AptSourceFile[];
  readonly fallback?: URL;
}): MirrorChoice {
  throw new Error('not yet');
}
